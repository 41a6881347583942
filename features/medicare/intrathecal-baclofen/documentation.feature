Feature: Medicare: records are sent when they are asked for

  Medicare pays on the claim and may ask for the records afterwards. Where records that were asked for
  do not come, a screening dose, a first fill and a new pump are denied. The care of a pump that is in
  place is not: it waits, because a missed refill can kill.

  Background:
    Given the example first-fill of Medicare for J0945
    And it is known that the reason for the replacement is end of battery

  Rule: Nothing need come with the claim

    Scenario Outline: <case> is paid without any record
      Given the drug lines have units <units>
      And line 2 has code <procedure>
      And it is known that the documents received is none
      When the claim is decided
      Then it is approved
      And rule first-fill-records-missing does not hold
      And rule records-awaited does not hold
      And rule records-not-supplied does not hold

      Examples:
        | case                              | procedure | units |
        | A screening dose                  | 62322     | 1     |
        | A first fill                      | 62362     | 4     |
        | A refill                          | 62369     | 4     |
        | A change of the dose              | 62368     | 4     |
        | A new pump in place of an old one | E0786     | 4     |

    Scenario: Whether records came is not asked either
      When the claim is decided
      Then it is approved
      And it does not ask for the documents received

    Scenario: That records were not asked for may be said
      Given it is known that what became of the payer's request for records is none
      When the claim is decided
      Then it is approved

  Rule: While records that were asked for have not come, the claim waits

    Scenario Outline: <case> waits for its records
      Given the drug lines have units <units>
      And line 2 has code <procedure>
      And it is known that what became of the payer's request for records is waiting
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule            | group | carc | rarc | line |
        | records-awaited | CO    | 252  | N706 | 1    |

      Examples:
        | case                              | procedure | units |
        | A screening dose                  | 62322     | 1     |
        | A first fill                      | 62362     | 4     |
        | A refill                          | 62369     | 4     |
        | A change of the dose              | 62368     | 4     |
        | A new pump in place of an old one | E0786     | 4     |

    Scenario Outline: <case> is paid once its records have come
      Given the drug lines have units <units>
      And line 2 has code <procedure>
      And it is known that what became of the payer's request for records is received
      When the claim is decided
      Then it is approved
      And rule records-awaited does not hold
      And rule records-not-supplied does not hold

      Examples:
        | case                              | procedure | units |
        | A screening dose                  | 62322     | 1     |
        | A first fill                      | 62362     | 4     |
        | A refill                          | 62369     | 4     |
        | A new pump in place of an old one | E0786     | 4     |

  Rule: Where records never come, what was done decides

    Background:
      Given it is known that what became of the payer's request for records is not supplied

    Scenario Outline: <case> is denied
      Given the drug lines have units <units>
      And line 2 has code <procedure>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | records-not-supplied | CO    | 226  | N706 | 1    |
      And rule records-awaited does not hold

      Examples:
        | case                              | procedure | units |
        | A screening dose                  | 62322     | 1     |
        | A first fill                      | 62362     | 4     |
        | A new pump in place of an old one | E0786     | 4     |

    Scenario Outline: <case> is not denied for missing records; it waits
      Given line 2 has code <procedure>
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule            | group | carc | rarc | line |
        | records-awaited | CO    | 252  | N706 | 1    |
      And rule records-not-supplied does not hold

      Examples:
        | case                 | procedure |
        | A refill             | 62369     |
        | A change of the dose | 62368     |

    Scenario: A revision of the catheter is not denied for missing records; it waits
      Given line 2 has code 62350
      And it is known that the phase of therapy is catheter revision
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule            | group | carc | rarc |
        | records-awaited | CO    | 252  | N706 |

    Scenario: Records that never came, for a phase that is not known, do not count against the claim yet
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule records-awaited is not known
      And rule records-not-supplied is not known
      And it asks for the phase of therapy

  Rule: What is missing is asked for with one pair of reason codes

    Scenario Outline: A claim that lacks <case> pends with a request for information
      Given nothing is known about <missing>
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the information request is CO 252 with N706
      And it first asks for <missing>

      Examples:
        | case                  | missing                             |
        | the oral history      | the outcome of oral antispasmodics  |
        | the note of the trial | the response to the screening trial |
        | the day of the trial  | the date of the screening trial     |

  Rule: Void claim: no payment due, so no record is asked for

    Scenario Outline: A void that names no claim is asked which one, whatever became of the records: <case>
      Given the claim has frequency 8
      And line 2 has code <procedure>
      And it is known that what became of the payer's request for records is <records>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

      Examples:
        | case                            | procedure | records      |
        | of a refill, still waited for   | 62369     | waiting      |
        | of a refill, never supplied     | 62369     | not supplied |
        | of a first fill, never supplied | 62362     | not supplied |
