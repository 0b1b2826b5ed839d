package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withHosts gives a container's folder a hosts file, or skips the test where nobody may replace one.
func withHosts(t *testing.T, folder, hosts string) string {
	t.Helper()
	file := filepath.Join(folder, "hosts")
	if err := os.WriteFile(file, []byte(hosts), 0o644); err != nil {
		t.Fatal(err)
	}
	if output, err := shim("hosts", file).CombinedOutput(); err != nil {
		t.Skipf("no mounts of one's own here: %s", output)
	}
	settings, err := readConfig(folder)
	if err != nil {
		t.Fatal(err)
	}
	settings.Hosts = file
	content, _ := json.Marshal(settings)
	if err := os.WriteFile(filepath.Join(folder, "config.json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAContainerSeesItsOwnHostsFileAndTheMachineKeepsIts(t *testing.T) {
	before, _ := os.ReadFile(hostsFile)
	folder := container(t, "cat /etc/hosts; grep CapAmb /proc/self/status; echo changed > hosts; cat /etc/hosts")
	withHosts(t, folder, "127.9.9.9 web.cluster\n")
	if output, err := shim("run", folder).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	log, _ := os.ReadFile(filepath.Join(folder, "log"))
	var lines []string
	for line := range strings.Lines(string(log)) {
		_, text, _ := strings.Cut(line, " F ")
		lines = append(lines, strings.TrimSpace(text))
	}
	seen := strings.Join(lines, "|")
	if seen != "127.9.9.9 web.cluster|CapAmb:\t0000000000000000|changed" {
		t.Errorf("the container saw %q", seen)
	}
	if after, _ := os.ReadFile(hostsFile); string(after) != string(before) {
		t.Error("the machine's file has changed")
	}
}

func TestAHostsFileThatIsNotThereIsAnErrorOfTheStart(t *testing.T) {
	folder := container(t, "true")
	os.Remove(withHosts(t, folder, ""))
	if err := shim("run", folder).Run(); err != nil {
		t.Fatal(err)
	}
	if record := readExit(t, folder); !strings.Contains(record.StartError, "mount of /etc/hosts") {
		t.Errorf("start error %q", record.StartError)
	}
}
