// The runs of one of this repository's workflows, as GitHub's API has them. For scripts that a workflow runs before anything is installed.
'use strict';

const { GITHUB_API_URL: api, GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = process.env;

/** One page of them, the newest first, which is enough. Throws if GitHub does not answer. */
async function runsOf(workflow, asked) {
  const url = `${api}/repos/${repository}/actions/workflows/${workflow}/runs?${asked}&per_page=100`;
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'x-github-api-version': '2022-11-28',
  };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`GitHub answers ${answer.status}`);
  return (await answer.json()).workflow_runs;
}

module.exports = { runsOf };
