Feature: Commercial Standard: which records come with the claim, and which are asked for

  This payer asks for records afterwards, as Medicare does. Where they do not come, a screening dose, a
  first fill and a new pump are denied; the care of a pump that is in place waits.

  Rule: Nothing need come with the claim

    Scenario Outline: A first fill is paid without records: <case>
      Given the example authorized-refill-with-procedure of Commercial Standard for J0945
      But line 2 has code 62362
      And it is known that the documents received is <documents>
      When the claim is decided
      Then it is approved
      And rule first-fill-records-missing does not hold

      Examples:
        | case                     | documents  |
        | nothing came             | none       |
        | only the trial note came | trial_note |

    Scenario: What was received is not asked
      Given the example authorized-refill-with-procedure of Commercial Standard for J0945
      But line 2 has code 62362
      When the claim is decided
      Then it is approved
      And it asks nothing

  Rule: Records that were asked for are waited for, and what was done decides where they never come

    Background: A claim that an authorization covers, or that needs none
      Given the example authorized-refill-with-procedure of Commercial Standard for J0945
      And these facts
        | fact                                           | value                    |
        | the documents received                         | trial_note, oral_history |
        | the outcome of oral antispasmodics             | inadequate               |
        | the length of oral therapy                     | 42 days                  |
        | allergy or hypersensitivity to baclofen        | no                       |
        | an active infection                            | no                       |
        | the reason for the replacement                 | end of battery           |
        | what became of the payer's request for records | not supplied             |

    Scenario Outline: <case> waits while they have not come
      Given the drug lines have units <units>
      And the drug lines have ndc <ndc>
      And line 2 has code <procedure>
      And it is known that what became of the payer's request for records is waiting
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule            | group | carc | rarc | line |
        | records-awaited | CO    | 252  | N706 | 1    |

      Examples:
        | case                              | procedure | units | ndc          |
        | A screening dose                  | 62322     | 1     | 66794-151-01 |
        | A first fill                      | 62362     | 4     | 66794-157-02 |
        | A refill                          | 62369     | 4     | 66794-157-02 |
        | A new pump in place of an old one | E0786     | 4     | 66794-157-02 |

    Scenario Outline: <case> is denied where they never come
      Given the drug lines have units <units>
      And the drug lines have ndc <ndc>
      And line 2 has code <procedure>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | records-not-supplied | CO    | 226  | N706 | 1    |

      Examples:
        | case                              | procedure | units | ndc          |
        | A screening dose                  | 62322     | 1     | 66794-151-01 |
        | A first fill                      | 62362     | 4     | 66794-157-02 |
        | A new pump in place of an old one | E0786     | 4     | 66794-157-02 |

    Scenario Outline: <case> is not denied for missing records; it waits
      Given the drug lines have units <units>
      And the drug lines have ndc <ndc>
      And line 2 has code <procedure>
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule            | group | carc | rarc | line |
        | records-awaited | CO    | 252  | N706 | 1    |

      Examples:
        | case                 | procedure | units | ndc          |
        | A refill             | 62369     | 4     | 66794-157-02 |
        | A change of the dose | 62368     | 4     | 66794-157-02 |

    Scenario Outline: A refill is paid: <case>
      Given the drug lines have ndc 66794-157-02
      And it is known that what became of the payer's request for records is <records>
      When the claim is decided
      Then it is approved
      And rule records-awaited does not hold

      Examples:
        | case                | records  |
        | none were asked for | none     |
        | they have come      | received |
