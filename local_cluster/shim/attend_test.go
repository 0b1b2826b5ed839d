package main

import (
	"bufio"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAnAttendedCommandEndsWithWhoeverAskedForIt(t *testing.T) {
	// The shell stands in for the agent: it starts the command and says its pid.
	asker := exec.Command("sh", "-c", "/proc/$PPID/exe attend sleep 100 & echo $!; wait")
	output, err := asker.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := asker.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	for deadline := time.Now().Add(10 * time.Second); !isSleep(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the command was not executed")
		}
	}
	asker.Process.Kill()
	asker.Wait()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, alive := readStat(pid); !alive {
			return
		}
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("it runs on")
		}
	}
}

func isSleep(pid int) bool {
	content, _ := exec.Command("cat", "/proc/"+strconv.Itoa(pid)+"/comm").Output()
	return strings.TrimSpace(string(content)) == "sleep"
}

func TestAnAttendedCommandsExitCodeIsItsOwn(t *testing.T) {
	err := shim("attend", "sh", "-c", "exit 7").Run()
	if exit, isExit := err.(*exec.ExitError); !isExit || exit.ExitCode() != 7 {
		t.Errorf("it ended with %v", err)
	}
	if output, err := shim("attend", "no-such-program").CombinedOutput(); err == nil || !strings.Contains(string(output), "executable file not found") {
		t.Errorf("a program that is not there: %v, %s", err, output)
	}
}
