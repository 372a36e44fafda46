package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"culvert/explain"
)

// The person at 3 a.m. gets more than a name: each command says what it does, at length, with an example.
func TestEveryCommandIsExplained(t *testing.T) {
	for _, cmd := range New(newShell(t).env).Commands() {
		if cmd.Name() == "help" || cmd.Name() == "completion" {
			continue
		}
		if cmd.Short == "" || len(cmd.Long) < 80 || cmd.Example == "" && cmd.Name() != "version" {
			t.Errorf("%s: short %q, long %q, example %q", cmd.Name(), cmd.Short, cmd.Long, cmd.Example)
		}
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if len(strings.TrimSuffix(line, "\n")) > 92 {
				t.Errorf("%s: the help is wider than 92 columns: %s", cmd.Name(), line)
			}
		}
	}
}

func TestHelpShowsUsageAndExamples(t *testing.T) {
	s := newShell(t)
	for _, args := range [][]string{{"help", "up"}, {"up", "--help"}} {
		s.run(exitOK, args...)
		for _, want := range []string{"culvert up CONNECTION[/CHILD]", "Examples:", "--timeout"} {
			if !strings.Contains(s.out.String(), want) {
				t.Errorf("%v: no %q in\n%s", args, want, s.out.String())
			}
		}
	}
	s.run(exitOK)
	if !strings.Contains(s.out.String(), "Available Commands:") {
		t.Errorf("got\n%s", s.out.String())
	}
}

func TestExitCodesAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, row := range exitMeanings() {
		documented[row[0]] = true
	}
	for _, code := range []int{exitOK, exitFailure, exitUsage, exitUnreachable, exitConnection, exitConfig, exitNotFound, exitTimeout, exitInterrupted} {
		if !documented[fmt.Sprint(code)] {
			t.Errorf("exit code %d is not documented", code)
		}
	}
}

func TestCodesInTheDocumentsExist(t *testing.T) {
	for _, page := range []string{"cli.md", "configuration.md"} {
		text, err := os.ReadFile("../../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.FieldsFunc(string(text), func(r rune) bool { return r != '-' && (r < 'A' || r > 'Z') }) {
			area, _, found := strings.Cut(word, "-")
			if !found || area != "CONFIG" && area != "MANAGE" && area != "AUTH" && area != "IKE" {
				continue
			}
			if _, ok := explain.Lookup(explain.Code(word)); !ok {
				t.Errorf("%s: there is no code %s", page, word)
			}
		}
	}
}

func TestFurtherCommandsCanBeAdded(t *testing.T) {
	s := newShell(t)
	ran := false
	extra := &cobra.Command{Use: "demo", Short: "Show a tunnel", RunE: func(*cobra.Command, []string) error { ran = true; return nil }}
	if got := Run(t.Context(), s.env, []string{"demo"}, extra); got != exitOK || !ran {
		t.Errorf("ended with %d, ran %v", got, ran)
	}
	extra.RunE = func(*cobra.Command, []string) error { return errors.New("no namespace") }
	if got := Run(t.Context(), s.env, []string{"demo"}, extra); got != exitFailure || s.err.String() != "culvert: no namespace [MANAGE-INTERNAL]\n" {
		t.Errorf("ended with %d and said %q", got, s.err.String())
	}
}
