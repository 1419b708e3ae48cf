// Package apiserver names what "run" builds, so that go.mod holds it.
package apiserver

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver/app"
)
