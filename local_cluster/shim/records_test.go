package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// empty truncates a record to nothing, as a power loss may.
func empty(t *testing.T, folder, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSettleRecordsALossWhereARecordIsEmpty(t *testing.T) {
	for _, name := range []string{"started.json", "exit.json"} {
		folder := container(t, "exit 0")
		if err := shim("run", folder).Run(); err != nil {
			t.Fatal(err)
		}
		if name == "started.json" {
			os.Remove(filepath.Join(folder, "exit.json"))
		}
		empty(t, folder, name)
		if output, err := shim("settle", folder).CombinedOutput(); err != nil || string(output) != "ended "+folder+"\n" {
			t.Errorf("%s: %v: %s", name, err, output)
		}
		if exit := readExit(t, folder); !exit.Lost || exit.NeverStarted || exit.ExitCode != 137 {
			t.Errorf("%s: %+v", name, exit)
		}
	}
}

func TestRunSaysThatItsConfigurationIsEmpty(t *testing.T) {
	folder := container(t, "exit 0")
	empty(t, folder, "config.json")
	if err := shim("run", folder).Run(); err != nil {
		t.Fatal(err)
	}
	if exit := readExit(t, folder); exit.ExitCode != 128 || exit.StartError != "unexpected end of JSON input" {
		t.Errorf("%+v", exit)
	}
}

func TestSettleMendsTheStartOfAContainerThatRuns(t *testing.T) {
	folder := container(t, "sleep 60 & wait")
	running := shim("run", folder)
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	defer running.Process.Kill()
	before := readStart(t, folder)
	empty(t, folder, "started.json")
	if output, err := shim("settle", folder).CombinedOutput(); err != nil || string(output) != "running "+folder+"\n" {
		t.Fatalf("%v: %s", err, output)
	}
	after := readStart(t, folder)
	after.StartedAt = before.StartedAt
	if after != before {
		t.Errorf("%+v is not %+v", after, before)
	}
	// What an agent does with it: end the container.
	syscall.Kill(after.ShimPid, syscall.SIGUSR1)
	running.Wait()
	if exit := readExit(t, folder); exit.Signal != 9 || exit.FinishedAt.After(time.Now()) {
		t.Errorf("%+v", exit)
	}
}
