package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processStat is what /proc/PID/stat says and we need.
type processStat struct {
	pid, parent, session int
	startTicks           uint64
}

func readStat(pid int) (processStat, bool) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processStat{}, false
	}
	// The second field, the command's name, is in parentheses and may hold anything.
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	// A zombie has ended; it waits for its parent to notice.
	if len(fields) < 20 || fields[0] == "Z" {
		return processStat{}, false
	}
	stat := processStat{pid: pid}
	stat.parent, _ = strconv.Atoi(fields[1])
	stat.session, _ = strconv.Atoi(fields[3])
	stat.startTicks, _ = strconv.ParseUint(fields[19], 10, 64)
	return stat, true
}

func allProcesses() []processStat {
	entries, _ := os.ReadDir("/proc")
	var stats []processStat
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			if stat, alive := readStat(pid); alive {
				stats = append(stats, stat)
			}
		}
	}
	return stats
}

func childrenOf(parent int) []int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	var children []int
	for _, list := range lists {
		content, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(content)) {
			pid, _ := strconv.Atoi(field)
			children = append(children, pid)
		}
	}
	if len(lists) > 0 {
		return children
	}
	// A kernel without CONFIG_PROC_CHILDREN.
	for _, stat := range allProcesses() {
		if stat.parent == parent {
			children = append(children, stat.pid)
		}
	}
	return children
}

func describeStart(pid int, startedAt time.Time) startRecord {
	process, _ := readStat(pid)
	shim, _ := readStat(os.Getpid())
	return startRecord{
		Pid: pid, StartTicks: process.startTicks, ShimPid: os.Getpid(), ShimTicks: shim.startTicks,
		BootID: bootID(), StartedAt: startedAt,
	}
}

// joinControlGroups moves this process into each of the groups.
func joinControlGroups(groups []string) error {
	for _, group := range groups {
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0o644); err != nil {
			return fmt.Errorf("control group: %w", err)
		}
	}
	return nil
}

// killMembers kills every process of the groups.
func killMembers(groups []string) {
	for _, group := range groups {
		content, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
		for _, field := range strings.Fields(string(content)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}
