"""`Lazy`: a value that is computed when it is first read, from data of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """A value that is computed when it is first read, and then kept.

    Comparing, hashing, copying and pickling treat it as its value. Two threads that read at once may
    both compute it, and get equal values. What it is computed from is dropped once it is known.
    """

    __slots__ = ("_compute", "_value")

    def __init__(self, compute: Callable[[], T]) -> None:
        """
        Args:
            compute: A function without side effects over data that nothing changes.
        """
        self._compute: Callable[[], T] | None = compute

    @classmethod
    def known(cls, value: T) -> Lazy[T]:
        """A value that is known already."""
        made = cls.__new__(cls)
        made._value, made._compute = value, None
        return made

    def __call__(self) -> T:
        compute = self._compute
        if compute is not None:
            self._value = compute()
            self._compute = None
        return self._value

    def __eq__(self, other: object) -> bool:
        return self() == other() if isinstance(other, Lazy) else NotImplemented

    def __hash__(self) -> int:
        return hash(self())

    def __repr__(self) -> str:
        return repr(self())

    def __reduce__(self) -> tuple[Any, ...]:
        return Lazy.known, (self(),)
