// Command coredns is CoreDNS with the plugins that the rig's cluster DNS needs, and no others.
package main

import (
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
)

func init() {
	// In the order in which they are asked.
	dnsserver.Directives = []string{"errors", "health", "ready", "kubernetes", "template"}
}

func main() {
	coremain.Run()
}
