package main

import (
	"bytes"
	"io"
	"net"
	"os/exec"
	"strings"
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

// startForwarder starts one that may open so many files, in front of the target; everything it says goes to the buffer.
func startForwarder(t *testing.T, target string, files string) (address string, said *bytes.Buffer, stop func()) {
	t.Helper()
	free := listenLocally(t)
	address = free.Addr().String()
	free.Close()
	said = new(bytes.Buffer)
	forwarder := exec.Command("sh", "-c", "ulimit -n "+files+`; exec "$0" "$@"`, ownProgram(t), "forward", address, target)
	forwarder.Stderr = said
	if err := forwarder.Start(); err != nil {
		t.Fatal(err)
	}
	return address, said, func() {
		forwarder.Process.Signal(syscall.SIGTERM)
		if err := forwarder.Wait(); err != nil {
			t.Errorf("the forwarder ended: %v", err)
		}
	}
}

func TestForwardRefusesWhatItHasNoFilesForAndCarriesTheRest(t *testing.T) {
	address, said, stop := startForwarder(t, echo(t), "64")
	first := dialUntil(t, address)
	exchange(t, first)
	var held []net.Conn
	for range 100 { // Half a request each.
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Write([]byte("GET / HTTP/1.1\r\n"))
			held = append(held, connection)
		}
	}
	exchange(t, first)
	for _, connection := range held {
		connection.Close()
	}
	exchange(t, first)
	late := dialUntilCarried(t, address)
	exchange(t, late)
	late.Close()
	first.Close()
	stop()
	if !strings.Contains(said.String(), "connections refused: ") {
		t.Errorf("it said %q", said)
	}
}

func TestForwardFreesAConnectionThatItsServerHasClosed(t *testing.T) {
	listener := listenLocally(t)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connection.Write([]byte("408"))
			connection.Close()
		}
	}()
	address, _, stop := startForwarder(t, listener.Addr().String(), "64")
	client := dialUntil(t, address)
	defer client.Close()
	if answer, err := io.ReadAll(client); err != nil || string(answer) != "408" {
		t.Errorf("%q %v", answer, err)
	}
	// The client does not close; the forwarder carries nothing any more, so it can end.
	stop()
}

func TestForwardCarriesMuchInBothDirectionsAndTheirEnds(t *testing.T) {
	address, _, stop := startForwarder(t, echo(t), "64")
	connection := dialUntil(t, address).(*net.TCPConn)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() {
		connection.Write(sent)
		connection.CloseWrite()
	}()
	if received, err := io.ReadAll(connection); err != nil || !bytes.Equal(received, sent) {
		t.Errorf("%d of %d bytes, %v", len(received), len(sent), err)
	}
	connection.Close()
	stop()
}

// dialUntilCarried dials until something answers: the forwarder may still be ending those that were closed.
func dialUntilCarried(t *testing.T, address string) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		connection := dialUntil(t, address)
		connection.Write([]byte("?"))
		if _, err := io.ReadFull(connection, make([]byte, 1)); err == nil {
			return connection
		}
		connection.Close()
		if time.Now().After(deadline) {
			t.Fatal("nothing is carried")
		}
	}
}
