package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// settle prints, for each container folder, a line `running FOLDER` or `ended FOLDER`. Of a container
// that is said to have ended, exit.json exists: where the shim could not write it, settle does, with
// the lock held, so that a shim which comes late finds it and leaves the container alone.
func settle(folders []string) error {
	for _, folder := range folders {
		lock, err := lockFolder(folder)
		if err != nil {
			return err
		}
		if lock == nil {
			fmt.Println("running", folder)
			continue
		}
		if !recordExists(folder, "exit.json") {
			err = recordLoss(folder)
		}
		lock.Close()
		if err != nil {
			return err
		}
		fmt.Println("ended", folder)
	}
	return nil
}

func recordLoss(folder string) error {
	exit := exitRecord{ExitCode: 137, NeverStarted: true, FinishedAt: time.Now().UTC()}
	exit.StartedAt = exit.FinishedAt
	if content, err := os.ReadFile(filepath.Join(folder, "started.json")); err == nil {
		var start startRecord
		if err := json.Unmarshal(content, &start); err != nil {
			return err
		}
		exit.NeverStarted, exit.Lost, exit.StartedAt = false, true, start.StartedAt
		killSession(start)
		if settings, err := readConfig(folder); err == nil {
			killMembers(settings.Cgroups)
		}
	}
	return writeRecord(folder, "exit.json", exit)
}

// killSession kills what is left of a container whose shim died. The first process died with the
// shim; what it had started still carries its session.
func killSession(start startRecord) {
	if start.BootID != bootID() {
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
