"""What all pages share: the look of figures, tables as Markdown, the box of provenance."""
