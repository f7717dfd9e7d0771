// SPDX-License-Identifier: MIT

package main

import (
	"encoding/binary"
	"fmt"
)

// A static library is an archive in the System V format of ar(1), here with one relocatable
// file. Its first member is the index in which linkers look up the member that defines a
// symbol. Times, owners and modes are those of ar's option D (deterministic).

const memberName = "memfd_go.o"

// archive returns the contents of an archive of one file.
func (lib *library) archive(object []byte) []byte {
	index := binary.BigEndian.AppendUint32(nil, uint32(len(lib.exports)))
	var names []byte
	for _, a := range lib.exports {
		names = append(append(names, a.name...), 0)
	}
	size := len(index) + 4*len(lib.exports) + len(names)
	const magic, header = "!<arch>\n", 60
	start := len(magic) + header + size + size%2 // of the member with the object file
	for range lib.exports {
		index = binary.BigEndian.AppendUint32(index, uint32(start))
	}
	out := []byte(magic)
	out = appendMember(out, "/", append(index, names...))
	return appendMember(out, memberName+"/", object)
}

// appendMember appends a file. Members begin at even offsets.
func appendMember(out []byte, name string, data []byte) []byte {
	const time, owner, group, mode = 0, 0, 0, 0o644
	out = fmt.Appendf(out, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", name, time, owner, group, mode, len(data))
	out = append(out, data...)
	if len(data)%2 != 0 {
		out = append(out, '\n')
	}
	return out
}
