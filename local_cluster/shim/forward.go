package main

import (
	"io"
	"net"
	"sync"
)

// forward accepts TCP connections at one address and carries them to another, until it is killed.
func forward(listen, target string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			return err
		}
		go carry(client.(*net.TCPConn), target)
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
