//go:build tools

// Programs that are built beside this module's own, so that go.mod names their versions.
package main

import _ "sigs.k8s.io/metrics-server/cmd/metrics-server"
