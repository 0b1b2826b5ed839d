package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// settle prints, for each container folder, a line `running FOLDER` or `ended FOLDER`. Of a container
// that is said to have ended, exit.json can be read: where the shim could not write it, or where it was damaged,
// settle does, with the lock held, so that a shim which comes late finds it and leaves the container alone. Of one
// that is said to be running, started.json can be read once its program was executed.
func settle(folders []string) error {
	for _, folder := range folders {
		if err := settleOne(folder); err != nil {
			return err
		}
	}
	return nil
}

func settleOne(folder string) error {
	lock, err := lockFolder(folder)
	if err != nil {
		return err
	}
	if lock == nil {
		fmt.Println("running", folder)
		return mendStart(folder)
	}
	defer lock.Close()
	var exit exitRecord
	if readRecord(folder, "exit.json", &exit) != nil {
		if err := recordLoss(folder); err != nil {
			return err
		}
	}
	fmt.Println("ended", folder)
	return nil
}

// recordLoss writes how a container ended of which nobody can tell. One that has left any record, readable or not, has
// run; of one that has left none, nothing was ever run.
func recordLoss(folder string) error {
	exit := exitRecord{ExitCode: 137, FinishedAt: time.Now().UTC()}
	exit.StartedAt = exit.FinishedAt
	exit.Lost = recordExists(folder, "started.json") || recordExists(folder, "exit.json")
	exit.NeverStarted = !exit.Lost
	var start startRecord
	if readRecord(folder, "started.json", &start) == nil {
		exit.StartedAt = start.StartedAt
		killSession(start)
	}
	if settings, err := readConfig(folder); err == nil && exit.Lost {
		killMembers(settings.Cgroups)
	}
	return writeRecord(folder, "exit.json", exit)
}

// mendStart writes started.json anew where it cannot be read although the container runs, from what the system knows
// of its processes: without it, nobody could end the container.
func mendStart(folder string) error {
	var start startRecord
	if !recordExists(folder, "started.json") || readRecord(folder, "started.json", &start) == nil {
		return nil
	}
	info, err := os.Stat(filepath.Join(folder, "started.json"))
	if err != nil {
		return err
	}
	shim, found := findShim(folder)
	if !found {
		return fmt.Errorf("%s: started.json is damaged, and the shim is not found", folder)
	}
	start = startRecord{ShimPid: shim.pid, ShimTicks: shim.startTicks, BootID: bootID(), StartedAt: info.ModTime().UTC()}
	for _, child := range childrenOf(shim.pid) {
		// The container's first process leads its session; whatever else is a child of the shim was left by it.
		if stat, alive := readStat(child); alive && stat.session == child {
			start.Pid, start.StartTicks = child, stat.startTicks
		}
	}
	return writeRecord(folder, "started.json", start)
}

// findShim finds the process that was started as `shim run FOLDER`.
func findShim(folder string) (processStat, bool) {
	for _, process := range allProcesses() {
		content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", process.pid))
		arguments := strings.Split(strings.TrimSuffix(string(content), "\x00"), "\x00")
		if len(arguments) == 3 && arguments[1] == "run" && arguments[2] == folder {
			return process, true
		}
	}
	return processStat{}, false
}

// killSession kills what is left of a container whose shim died. The first process died with the
// shim; what it had started still carries its session.
func killSession(start startRecord) {
	if start.Pid == 0 || start.BootID != bootID() {
		return
	}
	if stat, alive := readStat(start.Pid); alive && stat.startTicks != start.StartTicks {
		return // The pid belongs to somebody else by now, and the session with it.
	}
	for _, stat := range allProcesses() {
		if stat.session == start.Pid {
			syscall.Kill(stat.pid, syscall.SIGKILL)
		}
	}
}
