// In place of the classes that @kubernetes/client-node generates from Kubernetes' API: noencap takes only KubeConfig from it.
module.exports = {};
