import { githubOwner, isSameRepository, readingURL } from '../../topology/repository-url.ts';

const NET = 'https://github.com/me/home-net.git';

test.each([
  'https://github.com/me/home-net',
  'https://github.com/me/home-net/',
  'https://github.com:443/me/home-net.git',
  'https://www.github.com/me/home-net.git',
  'https://me:token@github.com/me/home-net.git',
  'https://x-access-token:a%40b@GitHub.com/Me/Home-Net.git',
  'http://github.com/me/home-net.git',
  'ssh://git@github.com/me/home-net.git',
  'ssh://git@github.com:22/me/home-net',
  'ssh://git@ssh.github.com:443/me/home-net.git',
  'git+ssh://git@github.com/me/home-net.git',
  'git://github.com/me/home-net.git',
  'git@github.com:me/home-net.git',
  'git@github.com:/me/home-net.git',
  'github.com:me/home-net',
  'git@github.com:me//home-net.git/',
  ' https://github.com/me/home-net.git\n',
])('%s is the same repository', (other) => {
  expect(isSameRepository(NET, other)).toBe(true);
  expect(isSameRepository(other, NET)).toBe(true);
});

test.each([
  'https://github.com/you/home-net.git',
  'https://github.com/me/home-net2.git',
  'https://github.com/me/home-net.git.git',
  'https://gitlab.com/me/home-net.git',
  'https://github.com.example.org/me/home-net.git',
  'https://example.org/github.com/me/home-net.git',
  'https://github.com:8443/me/home-net.git',
  'git@example.org:me/home-net.git',
  'git@work:you/home-net.git',
])('%s is another', (other) => {
  expect(isSameRepository(NET, other)).toBe(false);
});

test.each([
  '/srv/git/home-net.git',
  '../home-net',
  'file:///srv/git/home-net.git',
  'C:\\git\\home-net',
  'C:/git/home-net',
  'codecommit::eu-west-1://home-net',
  'git@work:me/home-net.git',
  '',
  'https://github.com/',
])('of %j it is not known', (other) => {
  expect(isSameRepository(NET, other)).toBeUndefined();
});

test('the port of ssh says nothing about that of https, but two of https do', () => {
  const https = 'https://git.example.org/me/net.git';
  expect(isSameRepository(https, 'ssh://git@git.example.org:2222/me/net.git')).toBe(true);
  expect(isSameRepository(https, 'https://git.example.org:8443/me/net.git')).toBe(false);
});

test.each([
  ['https://me@dev.azure.com/org/project/_git/net', 'git@ssh.dev.azure.com:v3/org/project/net'],
  ['https://git.example.org/scm/net/home.git', 'ssh://git@git.example.org:7999/net/home.git'],
])('%s and %s are one: what such a server puts into one of them', (a, b) => {
  expect(isSameRepository(a, b)).toBe(true);
});

test.each([
  ['git@github.com:Me/Home-Net.git', 'https://github.com/Me/Home-Net.git'],
  ['https://me:ghp_secret@github.com/me/net', 'https://github.com/me/net.git'],
  ['https://me:p@ss@git.example.org/me/net.git', 'https://git.example.org/me/net.git'],
  ['git@git.example.org:me/net.git', 'git@git.example.org:me/net.git'],
  ['ssh://git@git.example.org:2222/me/net.git', 'ssh://git@git.example.org:2222/me/net.git'],
])('an engine reads %s as %s', (origin, reads) => {
  expect(readingURL(origin)).toBe(reads);
});

test('the owner is that on GitHub, and none elsewhere', () => {
  expect(githubOwner('git@github.com:me/net.git')).toBe('me');
  expect(githubOwner('ssh://git@github.com:22/my-org/net')).toBe('my-org');
  expect(githubOwner('https://gitlab.com/me/net.git')).toBeUndefined();
  expect(githubOwner('https://github.com/me')).toBeUndefined();
});
