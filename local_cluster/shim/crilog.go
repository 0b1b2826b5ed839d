package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	// maxLine is where the CRI log format splits a line: longer ones are written in parts.
	maxLine = 16 * 1024
	// A log has at most so many files of this size, as kubelet's containerLogMaxFiles and containerLogMaxSize have it.
	maxLogFiles   = 5
	maxLogFileLen = 10 * 1024 * 1024
)

// criLog writes the CRI log format: `TIME STREAM F line`, or `P` for all but the last part of a line
// that is longer than maxLine. A file that is full is followed by the next: PATH, PATH.1, PATH.2, …;
// none is ever renamed, so that whoever reads one can go on with its successor.
type criLog struct {
	mutex  sync.Mutex
	path   string
	file   *os.File
	number int
	size   int64
	now    func() time.Time
}

func openLog(path string) (*criLog, error) {
	file, err := openLogFile(path)
	if err != nil {
		return nil, err
	}
	return &criLog{path: path, file: file, now: time.Now}, nil
}

func openLogFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
}

func (log *criLog) Close() error { return log.file.Close() }

// append writes whole entries. On a disk that is full it drops them rather than leave half of one.
func (log *criLog) append(entries []byte) {
	log.mutex.Lock()
	defer log.mutex.Unlock()
	if log.size > 0 && log.size+int64(len(entries)) > maxLogFileLen {
		log.beginNextFile()
	}
	if _, err := log.file.Write(entries); err != nil {
		log.file.Truncate(log.size)
		return
	}
	log.size += int64(len(entries))
}

// beginNextFile goes on with the present file where another one cannot be had.
func (log *criLog) beginNextFile() {
	next, err := openLogFile(log.pathOf(log.number + 1))
	if err != nil {
		return
	}
	log.file.Close()
	log.file, log.size = next, 0
	log.number++
	os.Remove(log.pathOf(log.number - maxLogFiles))
}

func (log *criLog) pathOf(number int) string {
	if number == 0 {
		return log.path
	}
	return fmt.Sprintf("%s.%d", log.path, number)
}

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
	if out.Len() > 0 {
		log.append(out.Bytes())
	}
	return data
}
