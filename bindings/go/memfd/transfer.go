// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"io"
	"net"
	"os"
	"syscall"
)

// Send sends data and files in one message over a Unix socket, and returns how many bytes of
// data it sent. The files stay open here. It waits until there is room, not longer than conn's
// write deadline; a file that is closed meanwhile is sent all the same. On a stream it sends
// all of data; the files arrive with its first byte. Without data a zero byte is sent, since a
// message of no bytes does not carry files over a stream.
//
// It fails with EINVAL for more than MaxFiles files.
func Send(conn *net.UnixConn, data []byte, files ...*os.File) (int, error) {
	if len(files) > MaxFiles {
		return 0, os.NewSyscallError("sendmsg", syscall.EINVAL)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	n, err := sendAll(raw, data, files, make([]int32, 0, MaxFiles))
	if err == nil && n < len(data) {
		var rest int
		rest, err = conn.Write(data[n:])
		n += rest
	}
	return n, err
}

// sendAll collects the descriptors of files, each of which stays open while the others follow
// and the message is sent.
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

func sendMessage(raw syscall.RawConn, data []byte, fds []int32) (int, error) {
	var r int
	err := raw.Write(func(sock uintptr) bool {
		r = restart(func() int { return sendFDs(int32(sock), fds, data) })
		return r != -int(syscall.EAGAIN)
	})
	if err != nil {
		return 0, err
	}
	n, err := result(r)
	return n, os.NewSyscallError("sendmsg", err)
}

// Receive receives one message from a Unix socket: up to len(data) bytes and up to maxFiles
// files, which are close-on-exec. It waits for the message, not longer than conn's read
// deadline. At the end of the stream the error is io.EOF; an empty packet of a "unixpacket"
// socket looks the same.
//
// A message with more files than that, or a datagram with more bytes, fails with EMSGSIZE. n is
// then what is in data, and all files of the message are closed.
//
// The sender chooses what the files are: see MapVerified and Inspect before reading one. Even
// reading can block if it is a pipe, say.
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

// receive returns the number of bytes and of descriptors.
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

// newReceived makes a file of a descriptor that came from another process. Its own name is its
// maker's choice and could be anything.
func newReceived(fd int32) *os.File {
	return os.NewFile(uintptr(fd), "received file")
}

// ReceiveVerified receives one file from somebody who is not trusted and checks it like
// MapVerified, which it is then ready for. It waits for the message, not longer than conn's read
// deadline. A message with more than one file fails with EMSGSIZE, one with none with EPROTO.
// Of the message's data one byte is taken and dropped, of a datagram all.
//
// The sender still shares the file's offset: read through a mapping or by ReadAt.
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
