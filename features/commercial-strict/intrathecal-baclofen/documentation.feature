Feature: Commercial Strict: which records come with the claim, and which are asked for

  This payer wants two records with the first fill of a pump: the note of the screening trial, and the
  history of oral therapy. Everything else is sent when it is asked for. The care of a pump that is in
  place is never denied for missing records.

  Rule: Records for the first fill missing (trial note, oral therapy history)

    Scenario Outline: Both have come: <case>
      Given the example authorized-first-fill of Commercial Strict for J0945
      And it is known that the documents received is <documents>
      When the claim is decided
      Then it is approved
      And rule first-fill-records-missing does not hold

      Examples:
        | case             | documents                                |
        | these two alone  | trial_note, oral_history                 |
        | in another order | oral_history, trial_note                 |
        | among others     | order, trial_note, oral_history, consent |

    Scenario Outline: One of them is missing, and the claim waits for it: <case>
      Given the example authorized-first-fill of Commercial Strict for J0945
      And it is known that the documents received is <documents>
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                       | group | carc | rarc | line |
        | first-fill-records-missing | CO    | 252  | M127 | 1    |
      And it says "the trial note and the oral history with the first fill"

      Examples:
        | case                       | documents           |
        | only the trial note came   | trial_note          |
        | only the oral history came | oral_history        |
        | only other records came    | order, plan_of_care |
        | nothing came               | none                |

    Scenario: It is not yet known what was received
      Given the example authorized-first-fill of Commercial Strict for J0945
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule first-fill-records-missing is not known
      And it first asks for the documents received

  Rule: Nothing else waits for those two records

    Background:
      Given the example authorized-first-fill of Commercial Strict for J0945
      And it is known that the documents received is none
      And it is known that the reason for the replacement is end of battery

    Scenario Outline: <case> is paid without them
      Given the drug lines have units <units>
      And the drug lines have ndc <ndc>
      And line 2 has code <procedure>
      When the claim is decided
      Then it is approved
      And rule first-fill-records-missing does not hold

      Examples:
        | case                              | procedure | units | ndc          |
        | A screening dose                  | 62322     | 1     | 66794-151-01 |
        | A refill                          | 62369     | 4     | 66794-157-02 |
        | A change of the dose              | 62368     | 4     | 66794-157-02 |
        | A new pump in place of an old one | E0786     | 4     | 66794-157-02 |

    Scenario: A void of a first fill that names no claim is asked which one, and for no records
      Given the claim has frequency 8
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

  Rule: A request before the service states the facts, and needs no record

    Scenario: A request for a new pump is approved without records
      Given the example pump-request of Commercial Strict for J0945
      And it is known that the documents received is none
      When the request is decided
      Then it is approved
      And rule first-fill-records-missing does not hold

  Rule: Records that were asked for are waited for, and what was done decides where they never come

    Background: A claim that an authorization covers, or that needs none
      Given the example authorized-refill-with-procedure of Commercial Strict for J0945
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
      Given it is known that what became of the payer's request for records is <records>
      When the claim is decided
      Then it is approved
      And rule records-awaited does not hold

      Examples:
        | case                | records  |
        | none were asked for | none     |
        | they have come      | received |
