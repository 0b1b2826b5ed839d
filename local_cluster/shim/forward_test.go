package main

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

func listenLocally(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// echo answers each connection with what it receives.
func echo(t *testing.T) string {
	listener := listenLocally(t)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				io.Copy(connection, connection)
			}()
		}
	}()
	return listener.Addr().String()
}

func dialUntil(t *testing.T, address string) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			return connection
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func exchange(t *testing.T, connection net.Conn) {
	t.Helper()
	if _, err := connection.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(connection, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
}

func TestForwardRefusesConnectionsAfterSIGTERMAndCarriesOpenOnes(t *testing.T) {
	taken := listenLocally(t)
	address := taken.Addr().String()
	forwarder := shim("forward", address, echo(t))
	if err := forwarder.Start(); err != nil {
		t.Fatal(err)
	}
	defer forwarder.Process.Kill()
	time.Sleep(100 * time.Millisecond)
	taken.Close() // Its predecessor: the port is waited for.

	open := dialUntil(t, address)
	exchange(t, open)
	forwarder.Process.Signal(syscall.SIGTERM)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		late, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		late.Close()
		if time.Now().After(deadline) {
			t.Fatal("it still listens")
		}
	}
	exchange(t, open)
	open.Close()
	if err := forwarder.Wait(); err != nil {
		t.Fatal(err)
	}
}
