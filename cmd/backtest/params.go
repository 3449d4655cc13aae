package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"carry"
	"carry/internal/cli"
	"carry/internal/lab"
)

type paramsCmd struct {
	Strategy string `help:"funding, hold, holdvalue or null." default:"funding"`
	Preset   string `help:"default or seed." default:"default"`
	JSON     bool   `help:"As JSON." name:"json"`
	TOML     bool   `help:"As a settings file for --config." name:"toml"`
	Markdown bool   `help:"As the table in docs/PARAMETERS.md."`
}

// Run prints the table of parameters.
func (c *paramsCmd) Run(s *streams) error {
	e, err := lab.Strategy(c.Strategy, c.Preset)
	if err != nil {
		return cli.Fail(cli.Usage, err, "")
	}
	if c.TOML {
		return lab.WriteConfig(s.stdout, e)
	}
	models := lab.DefaultModels()
	groups := []struct {
		name  string
		table []carry.Param
	}{{"strategy", e.New().Table()}, {"venue", models.Table()}}
	if c.JSON {
		var out []map[string]string
		for _, g := range groups {
			for k := range g.table {
				p := &g.table[k]
				out = append(out, map[string]string{"group": g.name, "name": p.Name, "value": p.String(), "range": p.Range(), "unit": p.Unit, "doc": p.Doc})
			}
		}
		enc := json.NewEncoder(s.stdout)
		enc.SetIndent("", " ")
		return enc.Encode(out)
	}
	for _, g := range groups {
		if c.Markdown {
			fmt.Fprintf(s.stdout, "\n## %s\n\n| name | default | range | meaning |\n|---|---|---|---|\n", g.name)
			for k := range g.table {
				p := &g.table[k]
				fmt.Fprintf(s.stdout, "| `%s` | %s | %s | %s |\n", p.Name, p.String(), p.Range(), p.Doc)
			}
			continue
		}
		fmt.Fprintf(s.stdout, "%s\n", g.name)
		tw := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
		for k := range g.table {
			p := &g.table[k]
			fmt.Fprintf(tw, "  %s\t%s\t%s\n", p.Name, p.String(), p.Range())
		}
		if err := tw.Flush(); err != nil {
			return err
		}
	}
	return nil
}
