package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const reportDescriptor = 3

// initialize becomes the container's program. On failure it says why on the report pipe, which the
// execution of a program closes.
func initialize(folder string) error {
	syscall.CloseOnExec(reportDescriptor)
	err := becomeContainer(folder)
	fmt.Fprint(os.NewFile(reportDescriptor, "report"), err)
	os.Exit(startErrorExitCode)
	return nil
}

func becomeContainer(folder string) error {
	settings, err := readConfig(folder)
	if err != nil {
		return err
	}
	if err := joinControlGroups(settings.Cgroups); err != nil {
		return err
	}
	if err := showHosts(settings.Hosts); err != nil {
		return err
	}
	if settings.Niceness != 0 {
		syscall.Setpriority(syscall.PRIO_PROCESS, 0, settings.Niceness)
		// Where the kernel groups processes by session, the niceness that counts is the session's.
		os.WriteFile("/proc/self/autogroup", fmt.Append(nil, settings.Niceness), 0o644)
	}
	if settings.OOMScoreAdj != nil {
		// Everybody may raise it; where it may not be lowered, it stays.
		os.WriteFile("/proc/self/oom_score_adj", fmt.Append(nil, *settings.OOMScoreAdj), 0o644)
	}
	if err := os.Chdir(settings.Cwd); err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	program, err := findProgram(settings.Argv[0], settings.Env)
	if err != nil {
		return err
	}
	if err := syscall.Exec(program, settings.Argv, settings.Env); err != nil {
		return fmt.Errorf("exec: %q: %w", settings.Argv[0], err)
	}
	return nil
}

// findProgram looks a name up in the container's own PATH, not the shim's.
func findProgram(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		if _, err := os.Stat(name); err != nil {
			return "", fmt.Errorf("exec: %q: %w", name, syscall.ENOENT)
		}
		return name, nil
	}
	for _, variable := range env {
		path, isPath := strings.CutPrefix(variable, "PATH=")
		if !isPath {
			continue
		}
		for _, folder := range filepath.SplitList(path) {
			candidate := filepath.Join(folder, name)
			if info, err := os.Stat(candidate); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				return candidate, nil
			}
		}
	}
	return "", fmt.Errorf("exec: %q: executable file not found in $PATH", name)
}
