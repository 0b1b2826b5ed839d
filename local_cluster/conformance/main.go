// Command conformance runs Kubernetes' own end-to-end specs of Jobs, Deployments and what else test/e2e/apps holds, against
// any cluster:
//
//	conformance -kubeconfig FILE -provider skeleton -ginkgo.focus '\[sig-apps\] Job'
//
// The specs are Kubernetes' own, unchanged; this file does only what the main program of Kubernetes' e2e.test does, for
// one of its packages.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	_ "k8s.io/kubernetes/test/e2e/apps"
	"k8s.io/kubernetes/test/e2e/framework"
	"k8s.io/kubernetes/test/e2e/framework/config"
	_ "k8s.io/kubernetes/test/e2e/framework/debug/init"
	_ "k8s.io/kubernetes/test/e2e/framework/node/init"
	"k8s.io/kubernetes/test/e2e/framework/testfiles"
	testingmanifests "k8s.io/kubernetes/test/e2e/testing-manifests"
)

func main() {
	config.CopyFlags(config.Flags, flag.CommandLine)
	framework.RegisterCommonFlags(flag.CommandLine)
	framework.RegisterClusterFlags(flag.CommandLine)
	flag.Parse()
	testfiles.AddFileSource(testingmanifests.GetE2ETestingManifestsFS())
	framework.AfterReadingAllFlags(&framework.TestContext)
	gomega.RegisterFailHandler(framework.Fail)
	suite, reporter := framework.CreateGinkgoConfig()
	if !ginkgo.RunSpecs(outcome{}, "Kubernetes e2e", suite, reporter) {
		fmt.Fprintln(os.Stderr, "conformance: a spec failed, or none was chosen")
		os.Exit(1)
	}
}

// outcome stands for the testing.T of a test program: what RunSpecs returns says as much.
type outcome struct{}

func (outcome) Fail() {}
