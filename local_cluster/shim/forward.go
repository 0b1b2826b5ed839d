package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// bindPatience is how long a port that is taken is waited for: during an update it is still the predecessor's.
	bindPatience = 20 * time.Second
	// mostConnections is as many as the front proxy behind the forwarder takes.
	mostConnections = 10_000
	// sparedFiles are for everything but the connections, each of which takes two.
	sparedFiles = 32
	// acceptPause is between tries to accept while the system has nothing left to do it with.
	acceptPause  = 100 * time.Millisecond
	dialPatience = 5 * time.Second
	// tellEvery bounds how often the forwarder says that it refuses connections.
	tellEvery = 10 * time.Second
	// unansweredPatience ends a connection to a client that acknowledges nothing, or has not read for so long.
	unansweredPatience = 60 * time.Second
	tcpUserTimeout     = 18
)

// forwarder accepts TCP connections at one address and carries them to another.
type forwarder struct {
	listen, target string
	capacity       int64
	open           atomic.Int64
	carrying       sync.WaitGroup
	refusals       refusals
}

// forward runs until SIGTERM: then it stops listening, so that new connections are refused, and ends when those that it
// carries have ended. Nothing that clients do ends it.
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
	this := &forwarder{listen: listen, target: target, capacity: connectionCapacity()}
	this.serve(listener)
	this.carrying.Wait()
	return nil
}

// connectionCapacity is how many connections may be open at once: what the proxy behind takes, or less where this
// process may not open so many files.
func connectionCapacity() int64 {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return mostConnections
	}
	return max(1, min(mostConnections, (int64(min(files.Cur, 1<<30))-sparedFiles)/2))
}

func (this *forwarder) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// No files left, in this process or on the machine, or a client that was gone before it was accepted.
			this.refuse(err.Error())
			time.Sleep(acceptPause)
		case this.open.Load() >= this.capacity:
			client.(*net.TCPConn).SetLinger(0)
			client.Close()
			this.refuse(fmt.Sprintf("%d connections are open, as many as are carried at once", this.capacity))
		default:
			this.open.Add(1)
			this.carrying.Go(func() {
				defer this.open.Add(-1)
				this.carry(client.(*net.TCPConn))
			})
		}
	}
}

func (this *forwarder) carry(client *net.TCPConn) {
	defer client.Close()
	connection, err := net.DialTimeout("tcp", this.target, dialPatience)
	if err != nil {
		client.SetLinger(0) // A refused connection is to look refused.
		if isOutOfFiles(err) {
			this.refuse(err.Error())
		}
		return
	}
	carryBoth(client, connection.(*net.TCPConn))
}

func (this *forwarder) refuse(why string) {
	if count := this.refusals.add(time.Now()); count > 0 {
		fmt.Fprintf(os.Stderr, "forwarding %s to %s: connections refused: %d; %s\n", this.listen, this.target, count, why)
	}
}

// refusals counts refused connections between two lines about them.
type refusals struct {
	mutex  sync.Mutex
	count  int
	toldAt time.Time
}

// add gives how many are to be told of now, 0 if it is too early to say more.
func (this *refusals) add(now time.Time) int {
	this.mutex.Lock()
	defer this.mutex.Unlock()
	this.count++
	if now.Sub(this.toldAt) < tellEvery {
		return 0
	}
	count := this.count
	this.count, this.toldAt = 0, now
	return count
}

func isOutOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// listenPatiently listens with the front proxy's own settings for its clients, whom the proxy does not see.
func listenPatiently(address string) (net.Listener, error) {
	settings := net.ListenConfig{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3},
		Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unansweredPatience.Milliseconds()))
			})
		},
	}
	for deadline := time.Now().Add(bindPatience); ; time.Sleep(20 * time.Millisecond) {
		listener, err := settings.Listen(context.Background(), "tcp", address)
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return listener, err
		}
	}
}
