Feature: Commercial Strict: an emergency may go before the authorization

  Withdrawal, a pump failure or a pump alarm cannot wait. The service comes first, and the payer accepts
  notice within one business day after it. Business days are Monday to Friday; public holidays count as
  business days. Notice in time excuses that an authorization is missing or does not fit. It does not
  excuse a refusal, it adds no units, and it does not show that the drug was necessary.

  Rule: Notice is in time up to one business day after the service

    Scenario Outline: Was the notice in time? - <notice>
      Given the example emergency-refill of Commercial Strict for J0945 on <service>
      But it is known that the day on which the payer was notified is <notified>
      When the claim is decided
      Then it is <decision>
      And rule emergency-excuses <in time>
      And rule authorization-number-missing <missing>

      Examples: The service was on Monday 2025-03-03
        | notice                   | service    | notified   | decision | in time       | missing       |
        | a week before            | 2025-03-03 | 2025-02-24 | approved | holds         | does not hold |
        | the day before           | 2025-03-03 | 2025-03-02 | approved | holds         | does not hold |
        | the same day             | 2025-03-03 | 2025-03-03 | approved | holds         | does not hold |
        | on the last day, Tuesday | 2025-03-03 | 2025-03-04 | approved | holds         | does not hold |
        | a day late, Wednesday    | 2025-03-03 | 2025-03-05 | denied   | does not hold | holds         |

      Examples: The service was on Thursday 2025-03-06
        | notice                           | service    | notified   | decision | in time       | missing       |
        | Thursday to Friday, the last day | 2025-03-06 | 2025-03-07 | approved | holds         | does not hold |
        | Thursday to Saturday, a day late | 2025-03-06 | 2025-03-08 | denied   | does not hold | holds         |
        | Thursday to Monday, far too late | 2025-03-06 | 2025-03-10 | denied   | does not hold | holds         |

      Examples: The service was on Friday 2025-03-07, or on the weekend after it
        | notice                           | service    | notified   | decision | in time       | missing       |
        | Friday to Saturday               | 2025-03-07 | 2025-03-08 | approved | holds         | does not hold |
        | Friday to Monday, the last day   | 2025-03-07 | 2025-03-10 | approved | holds         | does not hold |
        | Friday to Tuesday, a day late    | 2025-03-07 | 2025-03-11 | denied   | does not hold | holds         |
        | Saturday to Monday, the last day | 2025-03-08 | 2025-03-10 | approved | holds         | does not hold |
        | Saturday to Tuesday, a day late  | 2025-03-08 | 2025-03-11 | denied   | does not hold | holds         |
        | Sunday to Monday, the last day   | 2025-03-09 | 2025-03-10 | approved | holds         | does not hold |
        | Sunday to Tuesday, a day late    | 2025-03-09 | 2025-03-11 | denied   | does not hold | holds         |

      Examples: Public holidays count as business days
        | notice                              | service    | notified   | decision | in time       | missing       |
        | 3 July to 4 July, the last day      | 2025-07-03 | 2025-07-04 | approved | holds         | does not hold |
        | 3 July to 7 July, after the weekend | 2025-07-03 | 2025-07-07 | denied   | does not hold | holds         |
        | over New Year, the last day         | 2024-12-31 | 2025-01-01 | approved | holds         | does not hold |
        | over New Year, a day late           | 2024-12-31 | 2025-01-02 | denied   | does not hold | holds         |

  Rule: An emergency is claimed, and its notice is shown

    Background:
      Given the example emergency-refill of Commercial Strict for J0945
      And it is known that the day on which the payer was notified is 2025-03-03

    Scenario: An emergency with notice in time: the refill is paid without an authorization
      Given it is known that the day on which the payer was notified is 2025-03-04
      When the claim is decided
      Then it is approved
      And 4 units are allowed on line 1
      And preauthorization.needed is concluded to be yes
      And preauthorization.excused is concluded to be yes
      And preauthorization.enforced is concluded to be no

    Scenario: Notice a day late: the reason is the one of any claim without an authorization
      Given it is known that the day on which the payer was notified is 2025-03-05
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | authorization-number-missing | CO    | 197  | M62  | 1    |
      And preauthorization.excused is concluded to be no

    Scenario: A claim that says nothing of an emergency had none
      Given nothing is known about authorization.emergency
      When the claim is decided
      Then it is denied
      And the reason is CO 197 with M62 from rule authorization-number-missing
      And it does not ask for authorization.emergency

    Scenario: Notice does not make an emergency
      Given it is known that authorization.emergency is no
      When the claim is decided
      Then it is denied
      And the reason is CO 197 with M62 from rule authorization-number-missing

    Scenario: An emergency with no known notice: the claim waits, and the day is asked
      Given nothing is known about the day on which the payer was notified
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule emergency-excuses is not known
      And it first asks for the day on which the payer was notified

    Scenario: An emergency excuses a missing authorization of a trial as well
      Given the drug lines have units 1
      And the drug lines have ndc 66794-151-01
      And line 2 has code 62322
      When the claim is decided
      Then preauthorization.excused is concluded to be yes
      And rule authorization-number-missing does not hold

  Rule: Notice in time excuses an authorization that is missing or does not fit, but not a refusal

    Scenario Outline: No authorization under the number on the claim, notice <notice>
      Given the example emergency-refill of Commercial Strict for J0945
      And the claim has birth date 1980-01-01
      And the claim has authorization number A-100
      And it is known that the day on which the payer was notified is <notified>
      When the claim is decided
      Then it is <decision>
      And rule authorization-absent <so>

      Examples:
        | notice     | notified   | decision | so            |
        | in time    | 2025-03-04 | approved | does not hold |
        | a day late | 2025-03-05 | denied   | holds         |

    Scenario Outline: The authorization <what is wrong>, notice <notice>
      Given the example refill-with-authorization-facts of Commercial Strict for J0945
      But the diagnoses G80.1
      And it is known that authorization.emergency is yes
      And it is known that the day on which the payer was notified is <notified>
      And it is known that <fact> is <value>
      When the claim is decided
      Then it is <decision>
      And rule <rule> <so>

      Examples: It is excused where notice is in time
        | what is wrong                   | notice     | notified   | fact                                         | value      | decision | rule                               | so            |
        | is not decided yet              | in time    | 2025-03-04 | the status of the authorization              | pending    | approved | authorization-pending              | does not hold |
        | is not decided yet              | a day late | 2025-03-05 | the status of the authorization              | pending    | pended   | authorization-pending              | holds         |
        | is cancelled                    | in time    | 2025-03-04 | the status of the authorization              | cancelled  | approved | authorization-cancelled            | does not hold |
        | is cancelled                    | a day late | 2025-03-05 | the status of the authorization              | cancelled  | denied   | authorization-cancelled            | holds         |
        | is another member's             | in time    | 2025-03-04 | the member of the authorization              | M2         | approved | authorization-for-another-member   | does not hold |
        | is another member's             | a day late | 2025-03-05 | the member of the authorization              | M2         | denied   | authorization-for-another-member   | holds         |
        | is of another plan              | in time    | 2025-03-04 | the plan of the authorization                | P2         | approved | authorization-of-another-plan      | does not hold |
        | is of another plan              | a day late | 2025-03-05 | the plan of the authorization                | P2         | denied   | authorization-of-another-plan      | holds         |
        | is for another service          | in time    | 2025-03-04 | the codes of the authorization               | J0475      | approved | authorization-for-another-service  | does not hold |
        | is for another service          | a day late | 2025-03-05 | the codes of the authorization               | J0475      | denied   | authorization-for-another-service  | holds         |
        | is another provider's           | in time    | 2025-03-04 | the provider of the authorization            | 9876543210 | approved | authorization-for-another-provider | does not hold |
        | is another provider's           | a day late | 2025-03-05 | the provider of the authorization            | 9876543210 | denied   | authorization-for-another-provider | holds         |
        | has expired                     | in time    | 2025-03-04 | the last day of the authorization            | 2025-03-02 | approved | authorization-expired              | does not hold |
        | has expired                     | a day late | 2025-03-05 | the last day of the authorization            | 2025-03-02 | denied   | authorization-expired              | holds         |
        | has not begun                   | in time    | 2025-03-04 | the first day of the authorization           | 2025-03-04 | approved | authorization-not-begun            | does not hold |
        | has not begun                   | a day late | 2025-03-05 | the first day of the authorization           | 2025-03-04 | denied   | authorization-not-begun            | holds         |
        | is too old for a refill         | in time    | 2025-03-04 | the first day of the authorization           | 2024-09-02 | approved | refill-authorization-too-old       | does not hold |
        | is too old for a refill         | a day late | 2025-03-05 | the first day of the authorization           | 2024-09-02 | denied   | refill-authorization-too-old       | holds         |
        | was asked for after the service | in time    | 2025-03-04 | the day on which authorization was requested | 2025-03-04 | approved | authorization-requested-late       | does not hold |
        | was asked for after the service | a day late | 2025-03-05 | the day on which authorization was requested | 2025-03-04 | denied   | authorization-requested-late       | holds         |

      Examples: A refusal is never excused
        | what is wrong | notice     | notified   | fact                            | value   | decision | rule                  | so    |
        | was refused   | in time    | 2025-03-04 | the status of the authorization | refused | denied   | authorization-refused | holds |
        | was refused   | a day late | 2025-03-05 | the status of the authorization | refused | denied   | authorization-refused | holds |

    Scenario: Whether an authorization was refused must be known even in an emergency
      Given a claim to Commercial Strict for J0945 on 2025-03-03
      And the claim says
        | field                | value      |
        | plan                 | P1         |
        | member id            | M1         |
        | birth date           | 1980-01-01 |
        | billing npi          | 1234567893 |
        | place of service     | 11         |
        | authorization number | A-100      |
      And the diagnoses G80.1
      And these claim lines
        | code  | modifiers | units | ndc          |
        | J0945 | JZ        | 4     | 66794-157-02 |
        | 62369 |           | 1     |              |
      And these facts
        | fact                                    | value      |
        | it was an emergency                     | yes        |
        | the day on which the payer was notified | 2025-03-04 |
        | an authorization is on file             | yes        |
        | the authorization                       | A-100      |
        | the units authorized                    | 40         |
        | the units already used                  | 0          |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And preauthorization.excused is concluded to be yes
      And rule authorization-refused is not known
      And it first asks for the status of the authorization

    Scenario: Notice in time adds no units to an authorization that fits
      Given the example authorized-refill-with-procedure of Commercial Strict for J0945
      And the claim has place of service 11
      And the claim has authorization number A-100
      And the diagnoses G80.1
      And the drug lines have no place of service
      And line 2 has no place of service
      And it is known that authorization.emergency is yes
      And it is known that the day on which the payer was notified is 2025-03-04
      And the authorization has number A-100
      And the authorization has units 3
      And the authorization has requested on 2025-03-04
      When the claim is decided
      Then line 1 is reduced to 3 units
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | authorization-units-exceeded | CO    | 198  | N54  | 1    |

    Scenario: Notice in time does not show that a first fill was necessary
      Given the example emergency-refill of Commercial Strict for J0945
      And the claim has birth date 1980-01-01
      And the claim has authorization number A-100
      And these facts
        | fact                                | value   |
        | the phase of therapy                | initial |
        | the Ashworth grade before the trial | 3       |
        | the Ashworth grade after the trial  | 2       |
        | the spasm score before the trial    | 3       |
        | the spasm score after the trial     | 2       |
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc | line |
        | trial-not-shown | CO    | 50   | N674 | 1    |
