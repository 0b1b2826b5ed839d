package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

const prSetPdeathsig = 1

// attend becomes a command that is run beside a container's program, a probe's or a hook's, and ends with the agent that
// asked for it: nobody else would wait for its answer, or end it.
func attend(argv []string) error {
	runtime.LockOSThread()
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetPdeathsig, uintptr(syscall.SIGKILL), 0); errno != 0 {
		return fmt.Errorf("prctl: %w", errno)
	}
	program, err := findProgram(argv[0], os.Environ())
	if err != nil {
		return err
	}
	if err := syscall.Exec(program, argv, os.Environ()); err != nil {
		return fmt.Errorf("exec: %q: %w", argv[0], err)
	}
	return nil
}
