package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

const (
	hostsFile = "/etc/hosts"
	// From linux/capability.h and linux/prctl.h.
	capSysAdmin       = 21
	prCapAmbient      = 47
	prCapAmbientClear = 4
)

// ownMounts gives a process mounts of its own, so that it can be shown another /etc/hosts. Whoever is not root may do so in a
// user namespace of his own, in which every file keeps its owner as far as that owner is himself.
func ownMounts(hosts string, attributes syscall.SysProcAttr) *syscall.SysProcAttr {
	if hosts == "" {
		return &attributes
	}
	attributes.Cloneflags |= syscall.CLONE_NEWNS
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 {
		attributes.Cloneflags |= syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		// Kept over the execution of `shim init`, which gives it up again.
		attributes.AmbientCaps = []uintptr{capSysAdmin}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
	return &attributes
}

// showHosts puts the file in the place of /etc/hosts, for this process and those that it starts.
func showHosts(file string) error {
	if file == "" {
		return nil
	}
	runtime.LockOSThread()
	// What is mounted from here on is nobody else's business.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := syscall.Mount(file, hostsFile, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount of %s: %w", hostsFile, err)
	}
	// What is executed next has no capability from here.
	syscall.RawSyscall(syscall.SYS_PRCTL, prCapAmbient, prCapAmbientClear, 0)
	return nil
}

// tryHosts fails where a process cannot be shown a file as /etc/hosts. It asks itself to look, in mounts of its own.
func tryHosts(file string) error {
	if os.Getenv("SHIM_HOSTS_TRIAL") == "" {
		trial, err := os.StartProcess("/proc/self/exe", []string{"shim", "hosts", file}, &os.ProcAttr{
			Env:   []string{"SHIM_HOSTS_TRIAL=1"},
			Files: []*os.File{nil, nil, os.Stderr},
			Sys:   ownMounts(file, syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}),
		})
		if err != nil {
			return err
		}
		state, err := trial.Wait()
		if err == nil && !state.Success() {
			err = fmt.Errorf("%s cannot be replaced", hostsFile)
		}
		return err
	}
	if err := showHosts(file); err != nil {
		return err
	}
	wanted, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if seen, _ := os.ReadFile(hostsFile); !bytes.Equal(seen, wanted) {
		return fmt.Errorf("%s is still the machine's", hostsFile)
	}
	return nil
}
