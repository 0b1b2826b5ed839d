// Command shim stands between the node agent and one container's process, as containerd's shim does:
// it outlives the agent, so that an agent which is killed and comes back finds every container where
// it was, and never has to guess how one ended.
//
//	shim run FOLDER            run the container described by FOLDER/config.json to its end
//	shim init FOLDER           (used by run) become the container's process
//	shim settle FOLDER…        say of each container whether it runs or has ended
//	shim join CGROUP…          try whether a process may be moved into these control groups
//	shim attend COMMAND…       become the command of a probe or hook, and end with the agent
//	shim hosts FILE            try whether a process may be shown a file of its own as /etc/hosts
//	shim forward LISTEN TARGET carry TCP connections, for a hostPort
//
// What it keeps in FOLDER: `lock` is held for as long as the container may run, `started.json` appears
// when its program was executed, `exit.json` when it ended. Both records appear by rename, so that
// whoever reads one reads all of it.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: shim run|init|settle|join|hosts|forward …"))
	}
	var err error
	switch command, arguments := os.Args[1], os.Args[2:]; command {
	case "run":
		err = run(arguments[0])
	case "init":
		err = initialize(arguments[0])
	case "settle":
		err = settle(arguments)
	case "join":
		err = joinControlGroups(arguments)
	case "attend":
		err = attend(arguments)
	case "hosts":
		err = tryHosts(arguments[0])
	case "forward":
		if len(arguments) != 2 {
			fail(fmt.Errorf("usage: shim forward LISTEN TARGET"))
		}
		err = forward(arguments[0], arguments[1])
	default:
		err = fmt.Errorf("unknown command %q", command)
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "shim:", err)
	os.Exit(1)
}
