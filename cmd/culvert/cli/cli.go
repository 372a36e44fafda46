// Package cli is the command line of Culvert: a thin client of the daemon's management socket, plus the commands that need no
// daemon. It writes through one printer and touches the process (terminal, environment, signals) only as Env tells.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/config"
	"culvert/doctor"
	"culvert/explain"
	"culvert/secret"
	"culvert/trial"
)

// Env is what the command line knows of the process it runs in.
type Env struct {
	In       io.Reader // a terminal, if Terminal; for top
	Out, Err io.Writer
	Terminal bool // Out is a terminal: it may be coloured and redrawn
	Width    int  // columns of the terminal; 0: 80
	Getenv   func(string) string
	Now      func() time.Time
	Source   config.Source // for check
	Version  string
	// Daemon runs the daemon until the context ends.
	Daemon func(context.Context, DaemonOptions) error
	// NewPassword asks a person for a password that is to be set, or reads the first line of standard input.
	NewPassword func(prompt string) (secret.Bytes, error)
	Host        doctor.Host // for doctor and probe
	Pinger      trial.Host  // for test
	// Command runs a program of the system that tells of the kernel, for bugreport.
	Command func(ctx context.Context, name string, args ...string) ([]byte, error)
}

// DaemonOptions is what the command line says about a daemon that is to be run.
type DaemonOptions struct {
	Config  string // path of the configuration; "": none
	Swanctl string // path of a folder as /etc/swanctl to be read as well; "": none
	Socket  string // overrides daemon.socket; "": it counts
	Version string
}

// app is one run of the command line.
type app struct {
	Env
	socket string
	remote remote
	json   bool
}

// defaultSocket is where a daemon listens unless its configuration says otherwise.
const defaultSocket = "/run/culvert/culvert.sock"

// New returns the whole command line. Further commands of the same binary come in as extra.
func New(env Env, extra ...*cobra.Command) *cobra.Command { return newRoot(&app{Env: env}, extra) }

func newRoot(a *app, extra []*cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use:   "culvert",
		Short: "IKEv2 and IPsec tunnels",
		Long: `Culvert brings up IKEv2 tunnels and carries their traffic.

The daemon does the work; the other commands ask it over a Unix socket. Begin with
culvert status. When something fails, the last line says why, what to do, and a code
that culvert explain CODE tells more about.`,
		Example: `  culvert check                     see whether the configuration is right
  culvert up office                 bring up a connection, showing what happens
  culvert status                    see what is up
  culvert log -f                    watch what happens`,
		SilenceUsage: true, SilenceErrors: true, SuggestionsMinimumDistance: 2,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	socket := defaultSocket
	if s := a.Getenv("CULVERT_SOCKET"); s != "" {
		socket = s
	}
	root.PersistentFlags().StringVar(&a.socket, "socket", socket, "socket of the daemon, also $CULVERT_SOCKET")
	a.remote.flags(root, a.Getenv)
	root.PersistentFlags().BoolVar(&a.json, "json", false, "write JSON")
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	root.AddCommand(
		a.upCommand(), a.connectCommand(), a.downCommand(), a.rekeyCommand(), a.reauthCommand(), a.statusCommand(), a.poolsCommand(), a.logCommand(), a.traceCommand(),
		a.reloadCommand(), a.checkCommand(), a.configCommand(), a.importCommand(), a.pkiCommand(), a.clientCommand(), a.userCommand(),
		a.daemonCommand(), a.webCommand(), a.explainCommand(), a.versionCommand(), a.keysCommand(), a.captureCommand(), a.decryptCommand(),
		a.doctorCommand(), a.probeCommand(), a.selftestCommand(), a.testCommand(), a.topCommand(), a.bugreportCommand())
	root.AddCommand(extra...)
	for _, cmd := range root.Commands() {
		tellApart(cmd)
	}
	return root
}

// tellApart makes a problem of every error that a command returns, so that the others are about the way it is written.
func tellApart(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		tellApart(below)
	}
	run := cmd.RunE
	if run == nil {
		return
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		var p *api.Problem
		if err == nil || errors.As(err, &p) || errors.Is(err, context.Canceled) {
			return err
		}
		return problemOf(err)
	}
}

// problemOf makes a problem of an error that is none.
func problemOf(err error) error {
	if wrong := (*fs.PathError)(nil); errors.As(err, &wrong) {
		return api.NewProblem(0, explain.ManageFile, "", "%v", err)
	}
	return &api.Problem{Code: explain.ManageInternal, Detail: err.Error()}
}

// unwritten makes a problem of an error of the writer of results.
func unwritten(err error) error {
	if err == nil {
		return nil
	}
	return api.NewProblem(0, explain.ManageFile, "", "the output is not whole: %v", err)
}

// Run carries out a command and returns its exit code.
func Run(ctx context.Context, env Env, args []string, extra ...*cobra.Command) int {
	result := &sink{w: env.Out}
	if !env.Terminal {
		env.Out = result
	}
	a := &app{Env: env}
	root := newRoot(a, extra)
	root.SetArgs(append([]string{}, args...)) // nil would mean those of the process
	err := root.ExecuteContext(ctx)
	if lost := result.failure(); lost != nil && err == nil {
		err, a.json = lost, false // a document would not arrive either
	}
	if err != nil {
		a.fail(err)
	}
	return exitCode(err)
}

// client returns a client of the daemon.
func (a *app) client() *api.Client {
	if a.remote.client != nil {
		return a.remote.client
	}
	return api.NewClient(a.socket)
}

// usage is a mistake in the way a command is written.
func usage(format string, args ...any) error {
	return api.NewProblem(0, explain.ManageUsage, "", format, args...)
}

// knownCommand refuses what stands in the place of a command and is none.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("there is no command %q", args[0])
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		text += "; did you mean " + near[0] + "?"
	}
	return usage("%s", text)
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no further word, there is %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// atMostOne lets a command have one word, or none.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("%s takes one word at most, there are %d", cmd.CommandPath(), len(args))
	}
	return nil
}
