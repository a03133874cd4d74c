/** Public keys that nobody uses. */
export const KEYS = {
  one: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBNrOdzhng2SgIBArU9UBm+HFm4gcCb9jOibjJ4x5yvG',
  two: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEP7v5wvfKgeRgbkrhr7S0m1AYiZUR54waCeDxJv5HF',
} as const;
