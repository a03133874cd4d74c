import { document, text } from './shared.ts';

export const init = document('init', { file: text.describe('the topology that was written') });
