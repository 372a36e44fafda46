package cli

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/explain"
	"culvert/legible"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain [CODE|NOTIFY|CONNECTION|TRACE]", Short: "Explain a code, or why a connection failed",
		Long: `Explain what a code means, what leads to it and what to do. Without a word, list all codes.
An error of IKEv2, as the log of any peer has it, is known by its name and its number.
Letters may be small, dashes underscores. No daemon is needed for that.

Of a connection, or of a trace that culvert trace --list shows, tell what happened: which
side refused what, what both sides have, the first thing that differs, and what to do
next. Of a connection it is the last attempt that failed, or else the newest.`,
		Example: `  culvert explain AUTH-PSK-WRONG
  culvert explain NO_PROPOSAL_CHOSEN
  culvert explain notify-14
  culvert explain office
  culvert explain 17`,
		Args: atMostOne,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			words, directive := a.targets(cmd, args, "")
			for _, e := range explain.All() {
				words = append(words, string(e.Code)+"\t"+e.Title)
			}
			return words, directive
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listCodes()
			}
			return a.explain(cmd.Context(), args[0])
		},
	}
}

func (a *app) explain(ctx context.Context, word string) error {
	if e, ok := explain.Lookup(explain.Code(spelled(word))); ok {
		return a.explainCode(e)
	}
	if n, ok := findNotification(word); ok {
		return a.explainNotify(n)
	}
	if code := spelled(word); strings.Contains(code, "-") && strings.ToUpper(word) == word {
		return suggesting(word, api.NewProblem(0, explain.ManageNotFound, "culvert explain lists those that there are", "there is no code %q", word))
	}
	err := a.explainTrace(ctx, word)
	if n, ok := findNotification("NOTIFY-" + word); ok && err != nil {
		return a.explainNotify(n)
	}
	return suggesting(word, err)
}

// suggesting has an error say which code a word that was not found may have meant.
func suggesting(word string, err error) error {
	var p *api.Problem
	if !errors.As(err, &p) {
		return err
	}
	var names []string
	for _, e := range explain.All() {
		names = append(names, strings.ToLower(string(e.Code)))
	}
	for _, n := range notifications() {
		names = append(names, strings.ToLower(spelled(n.number.String())))
	}
	near := legible.Closest(spelled(word), names)
	if near == "" {
		return err
	}
	better := *p
	better.Action = "did you mean " + strings.ToUpper(near) + "? culvert explain lists all codes"
	return &better
}

// explainTrace tells why a connection failed, or what a trace shows.
func (a *app) explainTrace(ctx context.Context, word string) error {
	client := a.client()
	defer client.Close()
	id, err := findTrace(ctx, client, word, true)
	if err != nil {
		return err
	}
	e, err := client.Explain(ctx, id)
	if err != nil {
		return err
	}
	return a.show(e, func() { a.showExplanation(&e) })
}

func (a *app) explainCode(e explain.Entry) error {
	if a.json {
		a.printJSON(e)
		return nil
	}
	out := a.out()
	out.line("%s", out.bold(string(e.Code)))
	out.indented("", e.Title)
	out.line("")
	out.indented("Cause:  ", e.Cause)
	out.indented("Action: ", e.Action)
	return nil
}

// findTrace returns the trace that a word means: its number, or a connection. Of a connection it is the newest, or with failed the
// newest that failed, unless it has come up since.
func findTrace(ctx context.Context, client *api.Client, word string, failed bool) (string, error) {
	if id := strings.TrimPrefix(word, "#"); word != "" && strings.Trim(id, "0123456789") == "" && id != "" {
		return id, nil
	}
	list, err := client.Traces(ctx, word)
	if err != nil {
		return "", err
	}
	if len(list) == 0 && word != "" {
		return "", api.NewProblem(http.StatusNotFound, explain.ManageNotFound, "culvert trace --list shows what there is", "nothing is kept of connection %q: there is none, or nobody has tried it", word)
	}
	if len(list) == 0 {
		return "", api.NewProblem(http.StatusNotFound, explain.ManageNotFound, "bring a connection up", "nobody has spoken to a peer yet")
	}
	for _, t := range list {
		if failed && t.Failure != nil {
			return t.ID, nil
		}
		if t.Outcome == api.TraceUp {
			break
		}
	}
	return list[0].ID, nil
}

// showExplanation writes what happened, both sides under each other, and what to do.
func (a *app) showExplanation(e *api.Explanation) {
	out := a.out()
	head := e.Connection
	if head == "" {
		head = "no connection"
	}
	if e.Code != "" {
		head += "  " + string(e.Code)
	}
	out.line("%s  trace %s, peer %s", out.bold(head), e.Trace, e.Peer)
	out.indented("", e.Title)
	out.line("")
	out.indented("What:    ", e.Text)
	switch e.Refused {
	case api.SideUs:
		out.indented("Refused: ", "by us")
	case api.SidePeer:
		out.indented("Refused: ", "by the peer")
	}
	out.values("Ours:    ", e.Ours)
	out.values("Theirs:  ", e.Theirs)
	if e.Differs != "" {
		out.indented("Differs: ", e.Differs)
	}
	if e.Action != "" {
		out.line("")
		out.hanging("Do:      ", cell{e.Action, out.bold})
	}
	if len(e.Steps) > 0 {
		out.line("")
		out.values("Steps:   ", e.Steps)
	}
}

// values writes a list, one value a line.
func (p *printer) values(mark string, list []string) {
	for i, v := range list {
		if i > 0 {
			mark = strings.Repeat(" ", len(mark))
		}
		p.indented(mark, v)
	}
}

func (a *app) listCodes() error {
	all := explain.All()
	if a.json {
		a.printJSON(all)
		return nil
	}
	a.out().codes(all)
	return nil
}

// codes lists codes with what they mean.
func (p *printer) codes(list []explain.Entry) {
	var rows [][]cell
	for _, e := range list {
		rows = append(rows, []cell{plain(string(e.Code)), plain(e.Title)})
	}
	p.table([]string{"CODE", "MEANING"}, rows)
}
