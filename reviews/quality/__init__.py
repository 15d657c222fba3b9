"""How well people judge, as pure computation: competence, intervals, rules of a pause, rubber stamps."""
