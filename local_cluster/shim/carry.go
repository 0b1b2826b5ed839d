package main

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// copyBytes is read at once. Only a connection that has something to carry holds such a buffer.
	copyBytes = 16 * 1024
	// lingerTime is how long a client that sends nothing more may keep a connection whose server has ended its side.
	// A proxy that has closed for good looks the same from here; it gives its own clients as long.
	lingerTime = time.Second
)

var buffers = sync.Pool{New: func() any { return new([copyBytes]byte) }}

// carryBoth carries both directions until both have ended, and closes the server's side.
func carryBoth(client, server *net.TCPConn) {
	defer server.Close()
	var serverHasEnded atomic.Bool
	linger := func() {
		if serverHasEnded.Load() {
			client.SetReadDeadline(time.Now().Add(lingerTime))
		}
	}
	var toClient sync.WaitGroup
	toClient.Go(func() {
		carryHalf(client, server, func() {})
		serverHasEnded.Store(true)
		linger()
	})
	carryHalf(server, client, linger)
	toClient.Wait()
}

// carryHalf carries one direction and passes its end on, leaving the other direction open.
// It calls onData after each piece.
func carryHalf(to, from *net.TCPConn, onData func()) {
	source, err := from.SyscallConn()
	for {
		if err == nil {
			err = carryPiece(to, source)
		}
		if err == io.EOF {
			to.CloseWrite()
			return
		}
		if err != nil {
			to.SetLinger(0)
			to.Close()
			from.Close()
			return
		}
		onData()
	}
}

// carryPiece waits until there is something to read, and carries it. io.Copy would hold a buffer, or a pipe with two
// files more, for each direction of every idle connection.
func carryPiece(to *net.TCPConn, from syscall.RawConn) error {
	var buffer *[copyBytes]byte
	var count int
	var readError error
	err := from.Read(func(fd uintptr) bool {
		buffer = buffers.Get().(*[copyBytes]byte)
		for readError = syscall.EINTR; readError == syscall.EINTR; {
			count, readError = syscall.Read(int(fd), buffer[:])
		}
		if readError == syscall.EAGAIN {
			buffers.Put(buffer)
			return false
		}
		return true
	})
	if err != nil {
		return err
	}
	defer buffers.Put(buffer)
	switch {
	case readError != nil:
		return readError
	case count == 0:
		return io.EOF
	}
	_, err = to.Write(buffer[:count])
	return err
}
