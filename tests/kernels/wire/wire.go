// SPDX-License-Identifier: MIT

// Package wire is what a test and the /init of its virtual machine tell each other:
// the test leaves a Plan in the machine's files, the init answers on the console.
package wire

// PlanFile is where the init finds the plan.
const PlanFile = "/plan.json"

// A Plan is what a machine has to do.
type Plan struct {
	Settings map[string]string // paths below /proc/sys, and what to write there
	Runs     []Run
}

// A Run is a program to run.
type Run struct {
	Name        string
	Arguments   []string // the program is the first
	Environment []string
	Folder      string // to run it in; /tmp if it is empty
	Seconds     int    // that it may take
	Report      string // a file that it writes, to be told in the Result
}

// Mark begins the lines of the console that hold a Message. Others are the kernel's.
const Mark = "@memfd_go "

// A Message has one of its fields set.
type Message struct {
	Guest   *Guest  `json:",omitempty"` // first
	Started string  `json:",omitempty"` // the name of a run
	Result  *Result `json:",omitempty"` // of that run
	Problem string  `json:",omitempty"` // of the machine
	Done    bool    `json:",omitempty"` // last
}

// A Guest is a booted machine.
type Guest struct {
	Release  string // of the kernel
	PageSize int
}

// A Result is how a run ended.
type Result struct {
	Status int // as tap.Status; 127 if it did not start
	Output string
	Report string // the text of that file
}
