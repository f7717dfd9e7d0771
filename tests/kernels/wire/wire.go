// SPDX-License-Identifier: MIT

// Package wire is the protocol between a test and the init of its virtual machine: the test puts
// a Plan into the initial file system, and the init writes Messages to the console.
package wire

// PlanFile is the path of the plan in the machine.
const PlanFile = "/plan.json"

// A Plan lists what a machine does before it powers off.
type Plan struct {
	Settings map[string]string // from paths below /proc/sys to values
	Runs     []Run
}

// A Run is a program to run.
type Run struct {
	Name        string
	Arguments   []string // the first is the program
	Environment []string
	Folder      string // the working directory; /tmp if empty
	Seconds     int    // after which it is killed
	Report      string // a file that it writes, to be copied into the Result
}

// Mark precedes a Message on the console. Lines without it are the kernel's.
const Mark = "@memfd_go "

// A Message has exactly one field set.
type Message struct {
	Guest   *Guest  `json:",omitempty"` // first
	Started string  `json:",omitempty"` // the name of a run
	Result  *Result `json:",omitempty"` // of that run
	Problem string  `json:",omitempty"` // why the init gave up
	Done    bool    `json:",omitempty"` // last
}

// A Guest describes the booted kernel.
type Guest struct {
	Release  string // as uname -r
	PageSize int
}

// A Result is how a run ended.
type Result struct {
	Status int // as tap.Status; 127 if it did not start
	Output string
	Report string // the contents of Run.Report
}
