// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// passwordOf accepts a connection of PostgreSQL's protocol, asks for the password, and returns it.
func passwordOf(listener net.Listener) (string, error) {
	conn, err := listener.Accept()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	message := func() ([]byte, error) {
		var size [4]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return nil, err
		}
		body := make([]byte, binary.BigEndian.Uint32(size[:])-4)
		_, err := io.ReadFull(conn, body)
		return body, err
	}
	if _, err := message(); err != nil { // the start-up message has no type
		return "", err
	}
	conn.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3}) // AuthenticationCleartextPassword
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return "", err
	}
	password, err := message()
	return strings.TrimSuffix(string(password), "\x00"), err
}

// psql ignores password files that are pipes, or that others can read. It takes those of with.
func TestPsql(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	passwords := fmt.Sprintf("127.0.0.1:%s:*:alice:the password\n", port)
	service := fmt.Sprintf("[db]\nhost=127.0.0.1\nport=%s\nuser=alice\npassword=the password\nsslmode=disable\ngssencmode=disable\n", port)
	connect := []string{psql, "-w", "-h", "127.0.0.1", "-p", port, "-U", "alice", "-c", "", "sslmode=disable gssencmode=disable dbname=db"}
	shared := filepath.Join(t.TempDir(), "pgpass")
	os.WriteFile(shared, []byte(passwords), 0o644)
	for name, test := range map[string]struct {
		input   string
		args    []string
		want    string
		warning string
	}{
		"PGPASSFILE":     {passwords, append([]string{"with", "--", "env", "PGPASSFILE={}"}, connect...), "the password", ""},
		"hold":           {passwords, append([]string{"with", "--hold", "--", "env", "PGPASSFILE={}"}, connect...), "the password", ""},
		"PGSERVICEFILE":  {service, []string{"with", "--", "env", "PGSERVICEFILE={}", psql, "-w", "-c", "", "service=db"}, "the password", ""},
		"world-readable": {"", append([]string{"with", "--from", shared, "--", "env", "X={}", "PGPASSFILE=" + shared}, connect...), "", "has group or world access"},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan string, 1)
			go func() {
				password, _ := passwordOf(listener)
				got <- password
			}()
			cmd := command(test.input, test.args...)
			cmd.Env = append(cmd.Env, "HOME=/nonexistent", "PGPASSWORD=")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			cmd.Run()
			if password := <-got; password != test.want {
				t.Errorf("psql sends the password %q, not %q: %s", password, test.want, stderr.String())
			}
			if strings.Contains(stderr.String(), "WARNING") != (test.warning != "") || !strings.Contains(stderr.String(), test.warning) {
				t.Errorf("psql prints %s", stderr.String())
			}
		})
	}
}
