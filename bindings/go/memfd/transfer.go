// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"io"
	"net"
	"os"
	"syscall"
)

// Send sends data and files in one message over a Unix socket, and returns the number of bytes
// of data sent. The files stay open in the caller, and one that is closed meanwhile is still
// sent. Send waits for room until conn's write deadline.
//
// On a stream all of data is sent, without data of other goroutines in between, and the files
// arrive with its first byte. If data is empty, a zero byte is sent, since a stream does not
// transfer files without data.
//
// It fails with EINVAL for more than MaxFiles files, and with EPIPE if the peer has closed the
// connection.
//
// Source: sendmsg(2), unix(7).
func Send(conn *net.UnixConn, data []byte, files ...*os.File) (int, error) {
	if len(files) > MaxFiles {
		return 0, os.NewSyscallError("sendmsg", syscall.EINVAL)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	return sendAll(raw, data, files, make([]int32, 0, MaxFiles))
}

// sendAll collects the descriptors of files. The recursion keeps each file open until the data
// is sent.
func sendAll(raw syscall.RawConn, data []byte, files []*os.File, fds []int32) (n int, err error) {
	if len(files) == 0 {
		return sendMessage(raw, data, fds)
	}
	conn, err := files[0].SyscallConn()
	if err != nil {
		return 0, err
	}
	if conn.Control(func(fd uintptr) { n, err = sendAll(raw, data, files[1:], append(fds, int32(fd))) }) != nil {
		return 0, fileError("send", files[0], os.ErrClosed)
	}
	return n, err
}

// sendMessage sends all of data before another goroutine may write to the socket.
func sendMessage(raw syscall.RawConn, data []byte, fds []int32) (n int, err error) {
	var r int
	waited := raw.Write(func(sock uintptr) bool {
		for {
			r = restart(func() int { return sendFDs(int32(sock), fds, data[n:]) })
			if r < 0 {
				return r != -int(syscall.EAGAIN)
			}
			if n += r; n == len(data) {
				return true
			}
			fds = nil // the rest of a stream
		}
	})
	if waited != nil {
		return n, waited
	}
	_, err = result(r)
	return n, os.NewSyscallError("sendmsg", err)
}

// Receive receives one message from a Unix socket: up to len(data) bytes, and up to maxFiles
// files, which are close-on-exec. It waits for the message until conn's read deadline.
//
// It returns io.EOF at the end of the stream, and for an empty packet of a "unixpacket" socket,
// which the kernel reports in the same way. It fails with EMSGSIZE if the message has more than
// maxFiles files, or is a datagram of more than len(data) bytes; n bytes are then in data, and
// all files of the message are closed.
//
// The sender chooses what the files are: use MapVerified or Inspect before reading one. A read
// from a pipe, for example, may block.
//
// Source: recvmsg(2), unix(7).
func Receive(conn *net.UnixConn, data []byte, maxFiles int) (n int, files []*os.File, err error) {
	if maxFiles < 0 {
		return 0, nil, os.NewSyscallError("recvmsg", syscall.EINVAL)
	}
	fds := make([]int32, min(maxFiles, MaxFiles))
	n, nfds, err := receive(conn, data, fds)
	if err != nil {
		return n, nil, err
	}
	for _, fd := range fds[:nfds] {
		files = append(files, newReceived(fd))
	}
	return n, files, nil
}

// receive returns the numbers of bytes and descriptors.
func receive(conn *net.UnixConn, data []byte, fds []int32) (n, nfds int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, 0, err
	}
	var r int
	err = raw.Read(func(sock uintptr) bool {
		r = restart(func() (r int) {
			r, n, nfds = recvFDs(int32(sock), fds, data)
			return r
		})
		return r != -int(syscall.EAGAIN)
	})
	switch {
	case err != nil:
		return 0, 0, err
	case r == -int(syscall.EPIPE):
		return 0, 0, io.EOF
	}
	_, err = result(r)
	return n, nfds, os.NewSyscallError("recvmsg", err)
}

// newReceived does not ask for the name of the file, which the sender chose.
func newReceived(fd int32) *os.File {
	return os.NewFile(uintptr(fd), "received file")
}

// ReceiveVerified receives one file from an untrusted process and checks it like Verify. It
// drops the data of the message: one byte of a stream, all of a datagram. It waits for the
// message until conn's read deadline.
//
// The sender still shares the offset of the file: use MapVerified or ReadAt.
//
// It fails like Receive and Verify, with EMSGSIZE if the message has more than one file, and
// with EPROTO if it has none.
func ReceiveVerified(conn *net.UnixConn, required Seals, maxSize int64, flags ...VerifyFlags) (*os.File, error) {
	_, files, err := Receive(conn, nil, 1)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, os.NewSyscallError("recvmsg", syscall.EPROTO)
	}
	if _, err := Verify(files[0], required, maxSize, flags...); err != nil {
		files[0].Close()
		return nil, err
	}
	return files[0], nil
}
