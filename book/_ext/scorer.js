// Sphinx's scores, except that a theorem, lemma or equation whose name was asked for comes before the pages that mention it,
// and a function after them.
var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: {0: 40, 1: -5, 2: -5},
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
