package main

import (
	"errors"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// How long a port that is taken is waited for: during an update it is still the predecessor's.
const bindPatience = 20 * time.Second

// forward accepts TCP connections at one address and carries them to another. On SIGTERM it stops listening, so that
// new connections are refused, and ends when those that it carries have ended.
func forward(listen, target string) error {
	listener, err := listenPatiently(listen)
	if err != nil {
		return err
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() {
		<-asked
		listener.Close()
	}()
	var open sync.WaitGroup
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			open.Wait()
			return nil
		}
		if err != nil {
			return err
		}
		open.Go(func() { carry(client.(*net.TCPConn), target) })
	}
}

func listenPatiently(address string) (net.Listener, error) {
	for deadline := time.Now().Add(bindPatience); ; time.Sleep(20 * time.Millisecond) {
		listener, err := net.Listen("tcp", address)
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return listener, err
		}
	}
}

func carry(client *net.TCPConn, target string) {
	defer client.Close()
	connection, err := net.Dial("tcp", target)
	if err != nil {
		client.SetLinger(0) // A refused connection is to look refused.
		return
	}
	server := connection.(*net.TCPConn)
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() { copyHalf(server, client) })
	both.Go(func() { copyHalf(client, server) })
	both.Wait()
}

// copyHalf carries one direction and passes its end on, leaving the other direction open.
func copyHalf(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		to.SetLinger(0)
		to.Close()
		from.Close()
		return
	}
	to.CloseWrite()
}
