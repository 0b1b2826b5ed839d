package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests run the shim as the agent does; the test binary stands in for it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test") {
		main()
		return
	}
	os.Exit(m.Run())
}

// container makes a folder for a run of the script.
func container(t *testing.T, script string) string {
	t.Helper()
	folder := t.TempDir()
	content, err := json.Marshal(config{
		Argv: []string{"sh", "-c", script},
		Env:  []string{"PATH=/usr/bin:/bin"},
		Cwd:  folder,
		Log:  filepath.Join(folder, "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "config.json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func shim(arguments ...string) *exec.Cmd { return exec.Command("/proc/self/exe", arguments...) }

func ownProgram(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func readExit(t *testing.T, folder string) exitRecord {
	t.Helper()
	var record exitRecord
	content, err := os.ReadFile(filepath.Join(folder, "exit.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &record); err != nil {
		t.Fatal(err)
	}
	return record
}

func readStart(t *testing.T, folder string) startRecord {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		var record startRecord
		if content, err := os.ReadFile(filepath.Join(folder, "started.json")); err == nil {
			if err := json.Unmarshal(content, &record); err != nil {
				t.Fatal(err)
			}
			return record
		}
		if time.Now().After(deadline) {
			t.Fatal("the container did not start")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestRunRecordsHowAContainerEnded(t *testing.T) {
	for _, test := range []struct {
		script       string
		code, signal int
	}{
		{"exit 0", 0, 0},
		{"exit 3", 3, 0},
		{"kill -KILL $$", 137, 9},
		{"kill -TERM $$", 143, 15},
	} {
		folder := container(t, test.script)
		if err := shim("run", folder).Run(); err != nil {
			t.Fatal(err)
		}
		exit := readExit(t, folder)
		if exit.ExitCode != test.code || exit.Signal != test.signal || exit.StartError != "" {
			t.Errorf("%s: %+v", test.script, exit)
		}
		if exit.FinishedAt.Before(exit.StartedAt) {
			t.Errorf("%s: it ended before it started: %+v", test.script, exit)
		}
	}
}

func TestRunSaysWhyAProgramCannotBeStarted(t *testing.T) {
	folder := container(t, "")
	content := `{"argv":["no-such-program"],"env":["PATH=/usr/bin:/bin"],"cwd":"/","log":"` + folder + `/log"}`
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := shim("run", folder).Run(); err != nil {
		t.Fatal(err)
	}
	exit := readExit(t, folder)
	if exit.ExitCode != 128 || exit.StartError != `exec: "no-such-program": executable file not found in $PATH` {
		t.Errorf("%+v", exit)
	}
	if recordExists(folder, "started.json") {
		t.Error("it is said to have started")
	}
}

func TestRunWritesTheLogInTheCRIFormat(t *testing.T) {
	folder := container(t, "echo one; echo two >&2; head -c 20000 /dev/zero | tr '\\0' x; printf end")
	if err := shim("run", folder).Run(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	for line := range strings.Lines(string(content)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)
		if _, err := time.Parse(time.RFC3339Nano, fields[0]); err != nil {
			t.Error(err)
		}
		into := &stdout
		if fields[1] == "stderr" {
			into = &stderr
		}
		into.WriteString(fields[3])
		if fields[2] == "F" {
			into.WriteByte('\n')
		}
	}
	if expected := "one\n" + strings.Repeat("x", 20000) + "end"; stdout.String() != expected || stderr.String() != "two\n" {
		t.Errorf("stdout has %d bytes, not %d; stderr is %q", stdout.Len(), len(expected), stderr.String())
	}
}

func TestALogGoesOnInANewFileAndKeepsTheNewestFive(t *testing.T) {
	lines := 700_000 // About 73 MB with their times: seven files.
	folder := container(t, fmt.Sprintf("yes 'a line of the log that is long enough to fill a file of ten megabytes' | head -n %d; echo end", lines))
	if err := shim("run", folder).Run(); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(folder, "log*"))
	if len(found) != maxLogFiles || recordExists(folder, "log") {
		t.Errorf("there are %v", found)
	}
	var last string
	for _, file := range found {
		content, _ := os.ReadFile(file)
		if len(content) > maxLogFileLen || content[len(content)-1] != '\n' {
			t.Errorf("%s has %d bytes", file, len(content))
		}
		for line := range strings.Lines(string(content)) {
			if _, err := time.Parse(time.RFC3339Nano, strings.SplitN(line, " ", 2)[0]); err != nil {
				t.Fatalf("%s: %q", file, line)
			}
			if strings.HasSuffix(line, " end\n") {
				last = file
			}
		}
	}
	if last != found[len(found)-1] {
		t.Errorf("the end is in %q", last)
	}
}

func TestAContainerHasTheScoreForAMachineOutOfMemory(t *testing.T) {
	folder := container(t, "cat /proc/self/oom_score_adj > score")
	settings, err := readConfig(folder)
	if err != nil {
		t.Fatal(err)
	}
	score := 1000
	settings.OOMScoreAdj = &score
	content, _ := json.Marshal(settings)
	if err := os.WriteFile(filepath.Join(folder, "config.json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := shim("run", folder).Run(); err != nil {
		t.Fatal(err)
	}
	if written, _ := os.ReadFile(filepath.Join(folder, "score")); string(written) != "1000\n" {
		t.Errorf("it has %q", written)
	}
}

func TestNothingOfAContainerOutlivesIt(t *testing.T) {
	folder := container(t, "(setsid sleep 100 & echo $! > child); while ! test -s child; do :; done")
	if err := shim("run", folder).Run(); err != nil {
		t.Fatal(err)
	}
	child, _ := os.ReadFile(filepath.Join(folder, "child"))
	if _, err := os.Stat("/proc/" + strings.TrimSpace(string(child))); err == nil {
		t.Errorf("process %s is still there", child)
	}
}

func TestSignalsReachTheContainer(t *testing.T) {
	folder := container(t, "trap 'exit 7' TERM; while :; do sleep 0.01; done")
	command := shim("run", folder)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	readStart(t, folder)
	time.Sleep(50 * time.Millisecond)
	command.Process.Signal(syscall.SIGTERM)
	command.Wait()
	if exit := readExit(t, folder); exit.ExitCode != 7 {
		t.Errorf("%+v", exit)
	}
}

func TestAContainersFolderIsGoodForOneRun(t *testing.T) {
	folder := container(t, "echo run >> runs")
	for range 2 {
		if err := shim("run", folder).Run(); err != nil {
			t.Fatal(err)
		}
	}
	if runs, _ := os.ReadFile(filepath.Join(folder, "runs")); string(runs) != "run\n" {
		t.Errorf("it ran %q", runs)
	}
}

func TestSettleKeepsALateShimFromStarting(t *testing.T) {
	folder := container(t, "echo run > runs")
	if output, err := shim("settle", folder).Output(); err != nil || string(output) != "ended "+folder+"\n" {
		t.Fatalf("%s %v", output, err)
	}
	if exit := readExit(t, folder); !exit.NeverStarted || exit.Lost {
		t.Errorf("%+v", exit)
	}
	if err := shim("run", folder).Run(); err != nil {
		t.Fatal(err)
	}
	if recordExists(folder, "runs") {
		t.Error("it ran")
	}
}

func TestAContainerDiesWithItsShimAndIsLost(t *testing.T) {
	folder := container(t, "sleep 100 & sleep 100")
	command := shim("run", folder)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	start := readStart(t, folder)
	if output, _ := shim("settle", folder).Output(); string(output) != "running "+folder+"\n" {
		t.Errorf("%s", output)
	}
	command.Process.Kill()
	command.Wait()
	if output, _ := shim("settle", folder).Output(); string(output) != "ended "+folder+"\n" {
		t.Errorf("%s", output)
	}
	if exit := readExit(t, folder); !exit.Lost || exit.NeverStarted {
		t.Errorf("%+v", exit)
	}
	time.Sleep(50 * time.Millisecond)
	for _, stat := range allProcesses() {
		if stat.session == start.Pid && stat.pid != start.Pid {
			t.Errorf("process %d is left of it", stat.pid)
		}
	}
}
