package main

import (
	"bytes"
	"io"
	"os"
	"sync"
	"time"
)

// maxLine is where the CRI log format splits a line: longer ones are written in parts.
const maxLine = 16 * 1024

// criLog writes the CRI log format: `TIME STREAM F line`, or `P` for all but the last part of a line
// that is longer than maxLine.
type criLog struct {
	mutex sync.Mutex
	file  *os.File
	now   func() time.Time
}

func openLog(path string) (*criLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return nil, err
	}
	return &criLog{file: file, now: time.Now}, nil
}

func (log *criLog) Close() error { return log.file.Close() }

// copyFrom writes everything that comes from one of the container's streams, until it is closed.
// Whole lines are written as soon as they are read, many in one write.
func (log *criLog) copyFrom(stream string, source io.Reader) {
	buffer := make([]byte, 0, maxLine)
	for {
		count, err := source.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+count]
		rest := log.write(stream, buffer, err != nil)
		buffer = append(buffer[:0], rest...)
		if err != nil {
			return
		}
	}
}

// write writes the lines in data, and gives back the beginning of a line that has not ended yet. At
// the end of the stream there is no such rest; a full buffer without an end of line is a part.
func (log *criLog) write(stream string, data []byte, isEnd bool) []byte {
	prefix := log.now().UTC().Format("2006-01-02T15:04:05.000000000Z07:00") + " " + stream
	var out bytes.Buffer
	entry := func(tag string, line []byte) {
		out.WriteString(prefix + tag)
		out.Write(line)
		out.WriteByte('\n')
	}
	for {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			break
		}
		entry(" F ", data[:end])
		data = data[end+1:]
	}
	switch {
	case len(data) == 0:
	case isEnd || len(data) >= maxLine:
		entry(" P ", data)
		data = nil
	}
	log.mutex.Lock()
	defer log.mutex.Unlock()
	log.file.Write(out.Bytes())
	return data
}
