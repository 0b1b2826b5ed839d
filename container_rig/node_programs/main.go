// Command node-programs is the part of Kubernetes that runs on every node, kubelet and kube-proxy, in one binary:
//
//	node-programs kubelet --config=…
//
// Both are Kubernetes' own, unchanged; this file only picks one.
package main

import (
	"context"
	"fmt"
	"os"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"github.com/spf13/cobra"
)

var programs = map[string]func() *cobra.Command{
	"kubelet":    func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"kube-proxy": proxy.NewProxyCommand,
}

func main() {
	if len(os.Args) < 2 {
		fail("no program named")
	}
	name := os.Args[1]
	newCommand, known := programs[name]
	if !known {
		fail(fmt.Sprintf("unknown program %q", name))
	}
	os.Args = append([]string{name}, os.Args[2:]...)
	os.Exit(cli.Run(newCommand()))
}

func fail(problem string) {
	fmt.Fprintf(os.Stderr, "node-programs: %s; one of kubelet, kube-proxy\n", problem)
	os.Exit(2)
}
