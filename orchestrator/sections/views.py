"""The section of the views that are derived from the state."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from orchestrator.sections.fields import Section


def _as_word(value: Any) -> Any:
    """In YAML, `on` and `off` are other words for true and false."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


_When = Annotated[Literal["on", "on_demand", "off"], BeforeValidator(_as_word)]


class ViewsSection(Section):
    """Which views of the state there are: kept up to date while batches run, made on demand, or never."""

    sqlite: _When = Field("on_demand", description="`.pipeline/state.db` for SQL: `on`, `on_demand` or `off`")
    yaml: _When = Field("on_demand", description="a file a book, `.pipeline/books/<id>.yaml`: the same")
    json_index: _When = Field("on_demand", alias="json", description="`.pipeline/index.json`: the same")

    def kept_up_to_date(self) -> tuple[str, ...]:
        """Those that are on."""
        return tuple(kind for kind, when in self.model_dump(by_alias=True).items() if when == "on")
