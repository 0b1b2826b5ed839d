package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// config is what the agent asks for, in config.json.
type config struct {
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
	Cwd  string   `json:"cwd"`
	// Log is the file that gets stdout and stderr, in the CRI log format.
	Log string `json:"log"`
	// Cgroups are folders of control groups that the container's process joins before it starts.
	Cgroups []string `json:"cgroups"`
	// MemoryEvents is the file of the memory control group that counts `oom_kill`; may be empty.
	MemoryEvents string `json:"memoryEvents"`
	Niceness     int    `json:"niceness"`
	// Hosts is the file that the container sees as /etc/hosts; empty where it sees the machine's.
	Hosts string `json:"hosts"`
	// OOMScoreAdj tells the kernel how soon to kill the container when memory runs out; nil leaves it as it is.
	OOMScoreAdj *int `json:"oomScoreAdj"`
}

// startRecord is started.json. Pids are only meaningful with the boot id and the start time (clock
// ticks since boot, field 22 of /proc/PID/stat), because the system uses pids again.
type startRecord struct {
	Pid        int       `json:"pid"`
	StartTicks uint64    `json:"startTicks"`
	ShimPid    int       `json:"shimPid"`
	ShimTicks  uint64    `json:"shimTicks"`
	BootID     string    `json:"bootId"`
	StartedAt  time.Time `json:"startedAt"`
}

// exitRecord is exit.json.
type exitRecord struct {
	ExitCode   int       `json:"exitCode"`
	Signal     int       `json:"signal"`
	OOMKilled  bool      `json:"oomKilled"`
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt"`
	// StartError says why the program could not be executed.
	StartError string `json:"startError,omitempty"`
	// NeverStarted: the shim that was to run the container never came to it.
	NeverStarted bool `json:"neverStarted,omitempty"`
	// Lost: the container ran, and its shim died before it could tell how it ended.
	Lost bool `json:"lost,omitempty"`
}

func readConfig(folder string) (read config, err error) {
	return read, readRecord(folder, "config.json", &read)
}

// writeRecord makes a record appear whole or not at all; it is on the disk when this returns.
func writeRecord(folder, name string, record any) error {
	content, err := json.Marshal(record)
	if err != nil {
		return err
	}
	temporary := filepath.Join(folder, "."+name+".new")
	if err := writeSynced(temporary, content); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(folder, name)); err != nil {
		return err
	}
	// A rename is on the disk only when the folder is.
	parent, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.Sync()
}

func writeSynced(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(content); err != nil {
		return err
	}
	return file.Sync()
}

// readRecord fails for a record that is not there, and for one that a power loss, say, has left empty or in part.
func readRecord(folder, name string, record any) error {
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(content, record)
}

func recordExists(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}

// lockFolder takes the container's lock, or gives nil when another shim holds it. The lock ends with
// the process, however it ends.
func lockFolder(folder string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, err
	}
	return lock, nil
}

func bootID() string {
	content, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(content))
}
