package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	prSetChildSubreaper = 36
	startErrorExitCode  = 128
	// drainTime bounds the wait for the last output once nothing of the container is alive.
	drainTime = 2 * time.Second
)

// run carries one container from start to end. It does nothing when the container was run before,
// or was declared never started by settle: a container's folder is good for one run.
func run(folder string) error {
	lock, err := lockFolder(folder)
	if err != nil || lock == nil {
		return err
	}
	defer lock.Close()
	if recordExists(folder, "exit.json") || recordExists(folder, "started.json") {
		return nil
	}
	// The parent-death signal of the container goes by the thread that started it.
	runtime.LockOSThread()
	exit := exitRecord{StartedAt: time.Now().UTC()}
	if err := runContainer(folder, &exit); err != nil {
		exit.ExitCode, exit.StartError = startErrorExitCode, err.Error()
	}
	exit.FinishedAt = time.Now().UTC()
	return writeRecord(folder, "exit.json", exit)
}

func runContainer(folder string, exit *exitRecord) error {
	settings, err := readConfig(folder)
	if err != nil {
		return err
	}
	log, err := openLog(settings.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	// Whatever the container leaves behind becomes our child, so that none of it can escape.
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0); errno != 0 {
		return fmt.Errorf("prctl: %w", errno)
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1)

	var output sync.WaitGroup
	process, startError, err := startProcess(folder, settings, log, &output)
	if err != nil {
		return err
	}
	go passSignals(signals, process.Pid)
	if startError == "" {
		exit.StartedAt = time.Now().UTC()
		if err := writeRecord(folder, "started.json", describeStart(process.Pid, exit.StartedAt)); err != nil {
			syscall.Kill(process.Pid, syscall.SIGKILL)
		}
	}
	status := waitForEnd(process.Pid)
	killRemains(process.Pid, settings.Cgroups)
	waitAtMost(&output, drainTime)
	exit.ExitCode, exit.Signal = exitCodeOf(status)
	exit.OOMKilled = exit.ExitCode != 0 && countOOMKills(settings.MemoryEvents) > 0
	for _, group := range settings.Cgroups {
		os.Remove(group)
	}
	if startError != "" {
		return fmt.Errorf("%s", startError)
	}
	return nil
}

// startProcess starts `shim init`, which becomes the container's program, and waits until it has or
// has not. startError is why it has not.
func startProcess(folder string, settings config, log *criLog, output *sync.WaitGroup) (process *os.Process, startError string, err error) {
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	errRead, errWrite, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	reportRead, reportWrite, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, "", err
	}
	process, err = os.StartProcess("/proc/self/exe", []string{"shim", "init", folder}, &os.ProcAttr{
		Env:   []string{"GOMAXPROCS=1"},
		Files: []*os.File{null, outWrite, errWrite, reportWrite},
		Sys:   ownMounts(settings.Hosts, syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}),
	})
	for _, file := range []*os.File{null, outWrite, errWrite, reportWrite} {
		file.Close()
	}
	if err != nil {
		return nil, "", err
	}
	for stream, pipe := range map[string]*os.File{"stdout": outRead, "stderr": errRead} {
		output.Go(func() { log.copyFrom(stream, pipe) })
	}
	report, _ := io.ReadAll(reportRead)
	return process, string(report), nil
}

// passSignals turns what the agent sends the shim into what the container gets: SIGUSR1 is "kill",
// everything else "please end". The whole process group gets it: a shell passes nothing on.
func passSignals(signals <-chan os.Signal, pid int) {
	for received := range signals {
		if received == syscall.SIGUSR1 {
			syscall.Kill(-pid, syscall.SIGKILL)
			syscall.Kill(pid, syscall.SIGKILL)
		} else {
			syscall.Kill(-pid, syscall.SIGTERM)
		}
	}
}

// waitForEnd waits for the container's first process and reaps whatever else ends meanwhile.
func waitForEnd(pid int) syscall.WaitStatus {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		if ended == pid && (status.Exited() || status.Signaled()) {
			return status
		}
		if err != nil && err != syscall.EINTR {
			return status
		}
	}
}

// killRemains ends all that the container's first process left: its group, its control groups, and,
// because orphans become our children, every generation of descendants.
func killRemains(pid int, cgroups []string) {
	for {
		syscall.Kill(-pid, syscall.SIGKILL)
		killMembers(cgroups)
		for _, child := range childrenOf(os.Getpid()) {
			syscall.Kill(child, syscall.SIGKILL)
		}
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(-1, &status, 0, nil); err == syscall.ECHILD {
			return
		}
	}
}

func exitCodeOf(status syscall.WaitStatus) (code, signal int) {
	if status.Signaled() {
		return 128 + int(status.Signal()), int(status.Signal())
	}
	return status.ExitStatus(), 0
}

func countOOMKills(file string) int {
	content, _ := os.ReadFile(file)
	for line := range bytes.Lines(content) {
		if count, found := strings.CutPrefix(string(line), "oom_kill "); found {
			kills, _ := strconv.Atoi(strings.TrimSpace(count))
			return kills
		}
	}
	return 0
}

func waitAtMost(group *sync.WaitGroup, limit time.Duration) {
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(limit):
	}
}
