/** The AppProject of the layers, and the name of their root. */
export const PROJECT = 'noencap';

/**
 * How Argo CD assesses the health of a kind, by its key in argocd-cm. It considers a custom resource that it does not
 * know healthy as soon as it exists, and so would not wait for Calico; and since 1.8 it has no check for Applications, so
 * the waves of an app of apps would not wait either. Lua 5.1 without the string library, which Argo CD does not load by default.
 */
export const HEALTH: Readonly<Record<string, string>> = {
  'operator.tigera.io_Installation': conditions('Ready', true),
  'operator.tigera.io_APIServer': conditions('Ready', true),
  // Its observedGeneration is that of the Installation.
  'operator.tigera.io_TigeraStatus': conditions('Available', false),
  'crd.projectcalico.org_BGPPeer': bgpPeer(),
  'projectcalico.org_BGPPeer': bgpPeer(),
  'argoproj.io_Application': application(),
};

/** The operator sets a good condition, Progressing and Degraded. Up to v3.26 an APIServer has a state instead of conditions. */
function conditions(good: 'Ready' | 'Available', generation: boolean): string {
  const outdated = generation
    ? `
    -- What it said of an earlier spec says nothing of this one. Versions that tell no generation say 0.
    local seen = condition.observedGeneration or 0
    if seen > 0 and obj.metadata.generation ~= nil and seen < obj.metadata.generation then
      return { status = "Progressing", message = "the operator has not come to this spec yet" }
    end`
    : '';
  return `\
local said = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do${outdated}
    said[condition.type] = condition
  end
end
local function holds(kind)
  return said[kind] ~= nil and said[kind].status == "True"
end
local function message(kind)
  return said[kind] ~= nil and said[kind].message or ""
end
if holds("Degraded") then
  return { status = "Degraded", message = message("Degraded") }
end
if holds("${good}") then
  return { status = "Healthy", message = message("${good}") }
end
if next(said) == nil and obj.status ~= nil and obj.status.state == "Ready" then
  return { status = "Healthy", message = "" }
end
if next(said) == nil then
  return { status = "Progressing", message = "the operator has said nothing yet" }
end
return { status = "Progressing", message = message("Progressing") }
`;
}

function bgpPeer(): string {
  return `\
-- Calico gives it no status: that it is there is all that the cluster knows.
return { status = "Healthy", message = "configured; ask its router or node whether the session is up" }
`;
}

/**
 * Synced and healthy: since Argo CD v3.4 missing resources do not affect an Application's health, and before
 * its first sync all its resources may already exist from the bootstrap. Unhealthy children are waited for: a child that is
 * degraded while it starts would fail the sync of the root, eventually for good. Other projects' Applications get what Argo
 * CD's documentation suggests: the health of the child.
 */
function application(): string {
  return `\
local status = obj.status or {}
local health = status.health or {}
local state = health.status or ""
local message = health.message or ""
if state == "" then
  return { status = "Progressing", message = "not looked at yet" }
end
if obj.spec.project ~= "${PROJECT}" or state == "Suspended" then
  return { status = state, message = message }
end
if state == "Healthy" and status.sync ~= nil and status.sync.status == "Synced" then
  return { status = "Healthy", message = message }
end
if state == "Healthy" then
  return { status = "Progressing", message = "healthy, but not synced" }
end
return { status = "Progressing", message = state .. " " .. message }
`;
}
