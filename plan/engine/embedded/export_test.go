package embedded

// BreakJournal makes every further append to the run's journal fail, as a full
// disk does.
func (e *Engine) BreakJournal(id string) {
	if err := e.held[id].writer.Close(); err != nil {
		panic(err)
	}
}
