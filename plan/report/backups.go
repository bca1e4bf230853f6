package report

import (
	"io"
	"strconv"
	"time"

	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// BackupsText writes a list of backups for people, in the order given. One that
// cannot be read is listed with its reason.
func BackupsText(w io.Writer, list []backup.Info, o Options) error {
	p := newPage(o)
	if len(list) == 0 {
		p.row(0, "", txt("No backups."))
	}
	for _, b := range list {
		p.backup(b)
	}
	return p.writeTo(w)
}

func (p *page) backup(b backup.Info) {
	if b.Err != nil {
		p.row(2, "", in(red, stepMark(StepFailed).sign(p.o)+" unreadable  "), txt(" "+b.Path+": "), in(red, b.Err.Error()))
		return
	}
	m := stepMark(StepDone)
	line := append([]span{in(m.style, m.sign(p.o)+" "), in(bold, b.Zone.Display())}, viewOf(plan.ZoneRef{Zone: b.Zone, View: b.View})...)
	line = append(line, txt(" "+keep(p.o.clock(b.Taken))), txt(p.o.dot()+keep(count(b.Counts.RRsets, "RRset"))+", "+
		keep(count(b.Counts.Others, "other record"))+p.o.dot()+keep(size(b.Size+b.ZoneSize))))
	if age := p.o.Now.Sub(b.Taken); age >= time.Minute {
		line = append(line, txt(p.o.dot()+keep(duration(age.Truncate(time.Minute))+" old")))
	}
	if b.Run != "" {
		line = append(line, in(dim, p.o.dot()+keep("run "+b.Run)))
	}
	p.row(2, "", line...)
	p.row(4, "  ", in(dim, b.Path))
}

// size writes bytes for people, in units of 1024.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return strconv.FormatInt(n, 10) + " bytes"
	case n < 1<<20:
		return strconv.FormatFloat(float64(n)/(1<<10), 'f', 1, 64) + " KiB"
	}
	return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MiB"
}

// BackupsJSON writes a list of backups as one document.
func BackupsJSON(w io.Writer, list []backup.Info) error {
	type entry struct {
		Zone     zone.Name     `json:"zone"`
		View     string        `json:"view"`
		Provider string        `json:"provider"`
		Run      string        `json:"run,omitempty"`
		Taken    time.Time     `json:"taken"`
		Counts   backup.Counts `json:"counts"`
		Path     string        `json:"path"`
		ZonePath string        `json:"zone_path"`
		Size     int64         `json:"size_bytes"`
		ZoneSize int64         `json:"zone_size_bytes"`
		Error    string        `json:"error,omitempty"`
	}
	out := []entry{}
	for _, b := range list {
		e := entry{b.Zone, b.View, b.Provider, b.Run, b.Taken.UTC(), b.Counts, b.Path, b.ZonePath, b.Size, b.ZoneSize, ""}
		if b.Err != nil {
			e.Error = b.Err.Error()
		}
		out = append(out, e)
	}
	return writeJSON(w, struct {
		FormatVersion int     `json:"format_version"`
		Backups       []entry `json:"backups"`
	}{FormatVersion, out})
}
