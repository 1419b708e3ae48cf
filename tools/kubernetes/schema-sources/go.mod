// What tools/kubernetes/src/schemas/update.ts takes schemas from. Nothing is compiled.
module watchnext/schema-sources

go 1.26.0

require (
	github.com/argoproj/argo-rollouts v1.9.0
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	k8s.io/kubernetes v1.36.3
)
